import { type Awaitable, isPromise } from '../base/async'
import { asError, isStoreFailure } from '../base/errors'
import type { Updater } from '../keeper/contract'
import { stopResponse } from '../response/answer-failure'
import type { Guard } from '../response/guard'
import type { HookedResponse } from '../response/parts'
import { Cookie } from '../session/cookie'
import type { Session, SessionLink, SessionRequest } from '../session/session'
import { commit } from './commit'
import type { Context } from './context'
import { decideCookieAtOnce, putCookie } from './cookies'
import { facadeOf } from './facade'
import { refuseInside } from './inside-update'
import { changedAfterEnd } from './late-change'
import { Sequence } from './sequence'
import { generate } from './start'
import { RequestState } from './state'
import { attemptedText } from './text'
import * as verbs from './verbs'

export type Next = (error?: unknown) => void

/**
 * One request and its response, as far as the session goes: the methods of the session ask it (`SessionLink`), and the
 * response before anything leaves (`Guard`). It decides what waits for what and whom a failure is told; the steps
 * beside do the work.
 */
export class Exchange implements SessionLink, Guard {
  readonly state: RequestState
  readonly res: HookedResponse
  readonly next: Next
  /** The methods and commits that wait for each other; made when the first one takes time. */
  #sequence: Sequence | undefined = undefined
  /** The data that the handler's own save was to write, if that save failed. */
  #unsaved: string | undefined = undefined
  /** The application answers with an error, after it was told that its save failed. */
  #answersFailure = false
  /** The response was stopped: nothing more is saved for it. */
  #stopped = false
  /** The handler is on the stack. */
  #handling = false
  /** The response ended while the handler was on the stack. */
  #endedInside = false

  constructor(context: Context, req: SessionRequest, res: HookedResponse, next: Next) {
    this.state = new RequestState(context, req)
    this.res = res
    this.next = next
  }

  // What the response asks.

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

  get hasHeaders(): boolean {
    return this.state.cookieLine !== undefined || this.state.trustChange !== undefined
  }

  putHeaders(): void {
    putCookie(this.state, this.res)
  }

  failed(error: unknown, headersLeft: boolean): void {
    this.#stopped = true
    this.letGo()
    const { res, next } = this
    const { onError } = this.state.context.policy
    stopResponse(error, { res, next, onError, headersLeft })
  }

  closed(ended: boolean): void {
    // The client left before the end: what the handler has put in the session is kept all the same.
    if (!ended) this.saveBeside(true, !this.state.headersLeft)
    else if (!this.state.valuesAtEnd) this.letGo()
    else if (this.#handling) this.#endedInside = true
    else process.nextTick(afterEnd, this)
  }

  letGo(): void {
    this.state.leave()
  }

  decideAtOnce(): void {
    // First: where the store answers at once, the cookie is decided by what became of the save.
    this.saveBeside(false, false)
    try {
      decideCookieAtOnce(this.state)
    } catch (error) {
      this.#tellFailure(error)
    }
  }

  saveBeside(ending: boolean, headers: boolean): Awaitable<void> {
    const work = this.#tryCommit(ending, headers)
    if (isPromise(work)) return work.then(() => this.letGo())
    this.letGo()
  }

  // What the middleware asks.

  /** Calls `next`, which runs the handler. */
  handle(): void {
    this.#handling = true
    try {
      this.next()
    } finally {
      this.#handling = false
      // A handler that is async may go on.
      if (this.#endedInside) this.afterEnd()
    }
  }

  /**
   * For a handler that goes on after `end`, as the old example of a view counter does: what it sets or removes at once
   * is saved too, but no response waits for it, and in large sessions it goes unseen.
   */
  afterEnd(): void {
    if (changedAfterEnd(this.state)) this.saveBeside(true, !this.state.headersLeft)
    else this.letGo()
  }

  // What the session's methods and the store ask.

  noteTouch(session: Session): void {
    if (session === this.state.req.session) this.state.touchedByHandler = true
  }

  save(session: Session): Promise<void> {
    if (this.state.savesByMethod) {
      // The commit is at work, and waiting for it would be waiting for this.
      this.state.savesByMethod = false
      return verbs.save(this.state, session)
    }
    return this.#track('save', () => this.#noteFailure(verbs.save(this.state, session)))
  }

  reload(session: Session): Promise<void> {
    return this.#track('reload', () => verbs.reload(this.state, session))
  }

  destroy(session: Session): Promise<void> {
    return this.#track('destroy', () => verbs.destroy(this.state, session))
  }

  regenerate(session: Session): Promise<void> {
    return this.#track('regenerate', () => verbs.regenerate(this.state, session))
  }

  renewId(session: Session): Promise<void> {
    return this.#track('renewId', () => this.#noteFailure(verbs.renewId(this.state, session)))
  }

  update<R>(change: Updater<R>): Promise<R> {
    return this.#track('update', () => this.#noteFailure(verbs.updateSession(this.state, change)))
  }

  generate(): void {
    generate(this.state)
  }

  restoreCookie(raw: object): Cookie {
    const { context, req } = this.state
    return Cookie.restored(context.cookieBase(req), raw as Record<string, unknown>)
  }

  endBy(id: string, destroy: () => Promise<void>): Promise<void> {
    const { regenerating, keeper } = this.state
    // The keeper has called the store's own `regenerate` in its turn, which is not over yet.
    return regenerating ? destroy() : keeper.endBy(id, destroy)
  }

  giveWay(): void {
    const { req } = this.state
    this.state.req = facadeOf(req)
    this.state.req.sessionID = req.sessionID
  }

  /** The answer that tells of a failed save must arrive: what failed is not tried again, and no new failure stops it. */
  #commitForAnswer(ending: boolean, headers: boolean): Awaitable<void> {
    if (!this.#answersFailure) return this.#commit(ending, headers)
    if (this.#unsaved !== attemptedText(this.state.req.session)) return this.#tryCommit(ending, headers)
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

  /** A client that leaves lets one begin at any moment: two side by side would save a new session under two ids. */
  #commit(ending: boolean, headers: boolean): Awaitable<void> {
    const busy = this.#sequence?.busy
    if (busy) return busy.then(() => this.#commit(ending, headers))
    if (this.#stopped) return
    const work = commit(this.state, ending, headers)
    if (!isPromise(work)) return
    this.#sequence ??= new Sequence()
    return this.#sequence.commit(work)
  }

  /** Of a save that no answer waits for. Failures of the store were told where they happened. */
  #tellFailure(error: unknown): void {
    if (isStoreFailure(error)) return
    this.state.context.tell('storeError', () => ({ operation: 'set', error: asError(error) }))
  }

  /** Remembers whether the handler's own save failed, of which its caller is told. */
  async #noteFailure<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work
      this.#unsaved = undefined
      return result
    } catch (error) {
      this.#unsaved = attemptedText(this.state.req.session)
      throw error
    }
  }

  /** No response leaves before the methods that its handler has called are done, even if the handler did not wait. */
  async #track<T>(verb: string, begin: () => Promise<T>): Promise<T> {
    refuseInside(this.state, verb)
    this.#sequence ??= new Sequence()
    return this.#sequence.method(begin, () => this.state.over && this.letGo())
  }
}

function afterEnd(exchange: Exchange): void {
  exchange.afterEnd()
}
