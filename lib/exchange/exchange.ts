import { type Awaitable, isPromise } from '../base/async'
import { asError, isStoreFailure } from '../base/errors'
import { warnOnce } from '../base/warnings'
import type { Keeper, KnownSession, Updater } from '../keeper/contract'
import { answerFailure } from '../response/answer-failure'
import { breakOff } from '../response/error-page'
import type { Guard } from '../response/guard'
import type { HookedResponse } from '../response/parts'
import { Cookie } from '../session/cookie'
import { LINK, type SessionLink, type SessionRequest } from '../session/link'
import type { Session } from '../session/session'
import { decideAtOnce } from './at-once'
import { commit, differs, isSaved, textOf } from './commit'
import type { Room } from './context'
import { type Ended, putHeaders } from './cookies'
import { refuseInside } from './inside-update'
import { Sequence } from './sequence'
import { generate } from './start'
import * as verbs from './verbs'

export type Next = (error?: unknown) => void

/**
 * One request and its response, as far as the session goes. It is what the session's methods ask (`SessionLink`)
 * and what the response asks before it leaves (`Guard`); the work is in the modules beside.
 */
export class Exchange implements SessionLink, Guard {
  readonly room: Room
  readonly keeper: Keeper
  /** The request, or what is left of it for this exchange: see `giveWay`. */
  req: SessionRequest
  readonly res: HookedResponse
  readonly next: Next

  /** The id that the browser sent and that verified, whether or not the store has it. */
  cookieId: string | undefined = undefined
  /** Id and data text at the start of the request: what "modified" is measured against. */
  originalId: unknown = undefined
  originalData = '{}'
  /** What this request knows of the stored session; `undefined` while it is new. */
  held: KnownSession | undefined = undefined
  /** Epoch ms of the session's creation, for a cookie that the handler made itself. */
  createdAt = 0
  /** The id that was drawn last, as opposed to one that the application put on the request. */
  drawnId: unknown = undefined
  /** An id drawn ahead, for a `generate` that cannot wait. */
  nextId: unknown = undefined
  /** The session's life was renewed for this request. */
  touched = false
  /** The handler called `touch()`: the deadline moves, however little that is. */
  touchedByHandler = false
  /** A commit calls a `save` that the application has put in the place of ours, and which ends in ours. */
  savesByMethod = false
  /** The handler saved the session, and `held` is what it saved. */
  saved = false
  /** The session was ended by this request, with what its cookie looked like. */
  ended: Ended | undefined = undefined
  /** Ids that were ended, by this request or by another: nothing of them is written. */
  #endedIds: Set<string> | undefined = undefined
  /** What waits for what; there is none where nothing has had to wait. */
  #sequence: Sequence | undefined = undefined
  /** The store may be at its own `regenerate`. */
  regenerating = false
  /** The response was stopped: nothing more is saved for it. */
  stopped = false
  /** The handler is on the stack. */
  handling = false
  #goesOn = false
  /** The session's values when the response ended; not kept where the store may put marks among them. */
  endedWith: readonly unknown[] | undefined = undefined
  /** What the handler's own save was to write, where that has failed. */
  #unsaved: string | undefined = undefined
  /** The answer is an error of the application's, which has been told that its save failed. */
  #answersFailure = false
  /** Headers have left; a cookie comes too late. */
  headersLeft = false
  /** The `Set-Cookie` line that is to go with the headers. */
  cookieLine: string | undefined = undefined
  /** The response is through: what is still done with the session lets go of it at once. */
  over = false

  constructor(room: Room, keeper: Keeper, req: SessionRequest, res: HookedResponse, next: Next) {
    this.room = room
    this.keeper = keeper
    this.req = req
    this.res = res
    this.next = next
  }

  /** The request holds another stored session than before, or none. */
  hold(held: KnownSession | undefined): void {
    if (this.held && this.held !== held) this.keeper.leave(this.held)
    this.held = held
    this.saved = false
    if (held && this.over) this.keeper.leave(held)
  }

  /**
   * Nobody need wait for this request any more. What it knows of the stored session stays: a handler may still
   * save, and must not write over what others have done since.
   */
  #leave(): void {
    this.over = true
    if (this.held) this.keeper.leave(this.held)
  }

  /** Another middleware's session comes where this one's was ended: this one sees its own id and no session. */
  giveWay(): void {
    const { req } = this
    this.req = Object.create(req, {
      session: { value: undefined, writable: true },
      sessionID: { value: req.sessionID, writable: true },
    })
  }

  isOver(id: string): boolean {
    return this.#endedIds?.has(id) === true
  }

  /** A new session has this id, whatever had it before. */
  begin(id: unknown): void {
    this.#endedIds?.delete(id as string)
  }

  end(id: string): void {
    this.#endedIds ??= new Set()
    this.#endedIds.add(id)
  }

  beforeHeaders(ending: boolean, status: number): void | PromiseLike<void> {
    if (this.#unsaved !== undefined && status >= 400) this.#answersFailure = true
    return this.#commitForAnswer(ending, true)
  }

  beforeLastByte(): void | PromiseLike<void> {
    return this.#commitForAnswer(false, false)
  }

  beforeEnd(): void | PromiseLike<void> {
    return this.#commitForAnswer(true, false)
  }

  /** The answer that tells of a failed save must arrive: what failed is not tried again, and what is new stops nothing. */
  #commitForAnswer(ending: boolean, headers: boolean): Awaitable<void> {
    if (!this.#answersFailure) return this.#commit(ending, headers)
    if (this.#unsaved !== triedText(this.req.session)) return this.#tryCommit(ending, headers)
  }

  get hasHeaders(): boolean {
    return this.cookieLine !== undefined
  }

  putHeaders(): void {
    this.headersLeft = true
    if (this.cookieLine !== undefined) putHeaders(this, this.cookieLine)
    this.cookieLine = undefined
  }

  failed(error: unknown, headersLeft: boolean): void {
    this.stopped = true
    this.#leave()
    // Half a response went out and no error page can follow: the client must not take it for whole, not even
    // when the error handler ends it.
    if (headersLeft && !this.res.writableEnded) breakOff(this.res)
    // Outside the promise's job: what an error handler throws belongs to the process.
    const { res, next } = this
    process.nextTick(answerFailure, error, { res, next, onError: this.room.policy.onError, headersLeft })
  }

  closed(ended: boolean): void {
    // The client left before the end: what the handler has put in the session is kept all the same.
    if (!ended) this.saveBeside(true, !this.headersLeft)
    else if (!this.endedWith) this.#leave()
    else if (this.handling) this.#goesOn = true
    else process.nextTick(goOn, this)
  }

  /** The handler has returned; one that is async may go on. */
  handled(): void {
    this.handling = false
    if (this.#goesOn) this.afterEnd()
  }

  /**
   * A handler that went on after `end`, as the old example of a view counter does: what it has set or removed at
   * once is saved too, but no response waited for it, and of large sessions it goes unseen.
   */
  afterEnd(): void {
    const { session } = this.req
    const { held } = this
    if (!session || held?.id !== session.id || !differs(session, this.endedWith) || isSaved(session, held)) {
      this.#leave()
      return
    }
    warnOnce(
      'SOJOURN_CHANGED_AFTER_END',
      'a handler changed the session after it had ended the response; change it before, so that the response ' +
        'waits until it is saved',
    )
    this.saveBeside(true, !this.headersLeft)
  }

  letGo(): void {
    this.#leave()
  }

  decideAtOnce(): void {
    // First: where the store answers at once, the cookie is decided by what became of the save.
    this.saveBeside(false, false)
    try {
      decideAtOnce(this)
    } catch (error) {
      this.#tellFailure(error)
    }
  }

  saveBeside(ending: boolean, headers: boolean): Awaitable<void> {
    const work = this.#tryCommit(ending, headers)
    if (isPromise(work)) return work.then(() => this.#leave())
    this.#leave()
  }

  /** A commit whose failure stops no answer. Never throws or rejects. */
  #tryCommit(ending: boolean, headers: boolean): Awaitable<void> {
    try {
      const work = this.#commit(ending, headers)
      if (isPromise(work)) return work.catch((error) => this.#tellFailure(error))
    } catch (error) {
      this.#tellFailure(error)
    }
  }

  /** Of a save that no answer waits for. Failures of the store were told where they happened. */
  #tellFailure(error: unknown): void {
    if (!isStoreFailure(error))
      this.room.tell('storeError', () => ({ operation: 'set', error: asError(error) }))
  }

  noteTouch(session: Session): void {
    if (session === this.req.session) this.touchedByHandler = true
  }

  save(session: Session): Promise<void> {
    if (this.savesByMethod) {
      // The commit is at work, and waiting for it would be waiting for this.
      this.savesByMethod = false
      return verbs.save(this, session)
    }
    return this.#track('save', () => this.#told(verbs.save(this, session)))
  }

  reload(session: Session): Promise<void> {
    return this.#track('reload', () => verbs.reload(this, session))
  }

  destroy(session: Session): Promise<void> {
    return this.#track('destroy', () => verbs.destroy(this, session))
  }

  regenerate(session: Session): Promise<void> {
    return this.#track('regenerate', () => verbs.regenerate(this, session))
  }

  renewId(session: Session): Promise<void> {
    return this.#track('renewId', () => this.#told(verbs.renewId(this, session)))
  }

  update<R>(change: Updater<R>): Promise<R> {
    return this.#track('update', () => this.#told(verbs.updateSession(this, change)))
  }

  /** Remembers whether the handler's own save has failed, as its caller is told. */
  async #told<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work
      this.#unsaved = undefined
      return result
    } catch (error) {
      this.#unsaved = triedText(this.req.session)
      throw error
    }
  }

  /** A response does not leave before what its handler has begun is done, also if the handler did not wait. */
  async #track<T>(verb: string, begin: () => Promise<T>): Promise<T> {
    refuseInside(this, verb)
    this.#sequence ??= new Sequence()
    return this.#sequence.method(begin, () => this.over && this.#leave())
  }

  /** A client that leaves lets one begin at any moment: two side by side would save a new session under two ids. */
  #commit(ending: boolean, headers: boolean): Awaitable<void> {
    const busy = this.#sequence?.busy
    if (busy) return busy.then(() => this.#commit(ending, headers))
    const work = commit(this, ending, headers)
    if (!isPromise(work)) return
    this.#sequence ??= new Sequence()
    return this.#sequence.commit(work)
  }

  generate(): void {
    generate(this)
  }

  restoreCookie(raw: object): Cookie {
    return Cookie.restored(this.room.cookieBase(this.req), raw as Record<string, unknown>)
  }

  endBy(id: string, destroy: () => Promise<void>): Promise<void> {
    // The store's own `regenerate` has been called in a turn that has come.
    return this.regenerating ? destroy() : this.keeper.endBy(id, destroy)
  }
}

/** @returns a text of no session for one that cannot be written */
function triedText(session: Session | null | undefined): string {
  try {
    return session ? textOf(session) : ''
  } catch {
    return ''
  }
}

function goOn(exchange: Exchange): void {
  exchange.afterEnd()
}

/** @returns the exchange behind a request, if one of our middlewares has seen it */
export function exchangeOf(req: SessionRequest): Exchange | undefined {
  const link = req[LINK]
  return link instanceof Exchange ? link : undefined
}
