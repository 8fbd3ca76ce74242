import type { Guard } from '../http/response'
import type { HookedResponse } from '../http/response-parts'
import { Cookie } from '../session/cookie'
import { LINK, type SessionLink, type SessionRequest } from '../session/link'
import type { Session } from '../session/session'
import type { Awaitable } from '../store/backend'
import type { Change, Held, Keeper } from '../store/keeper'
import { commit } from './commit'
import { type Ended, putHeaders } from './cookies'
import type { Room } from './room'
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
  readonly req: SessionRequest
  readonly res: HookedResponse
  readonly next: Next

  /** The id that the browser sent and that verified, whether or not the store has it. */
  cookieId: string | undefined = undefined
  /** Id and data text at the start of the request: what "modified" is measured against. */
  originalId: unknown = undefined
  originalData = '{}'
  /** What this request knows of the stored session; `undefined` while it is new. */
  held: Held | undefined = undefined
  /** The id that was drawn last, as opposed to one that the application put on the request. */
  drawnId: unknown = undefined
  /** An id drawn ahead, for a `generate` that cannot wait. */
  nextId: unknown = undefined
  /** The session's life was renewed for this request. */
  touched = false
  /** The handler saved the session, and `held` is what it saved. */
  saved = false
  /** The session was ended by this request, with what its cookie looked like. */
  ended: Ended | undefined = undefined
  /** The id of a session that somebody else has ended: nothing of it is written. */
  goneId: string | undefined = undefined
  /** The response was stopped: nothing more is saved for it. */
  stopped = false
  /** Headers have left; a cookie comes too late. */
  headersLeft = false
  hasHeaders = false
  clearsCookie = false

  constructor(room: Room, keeper: Keeper, req: SessionRequest, res: HookedResponse, next: Next) {
    this.room = room
    this.keeper = keeper
    this.req = req
    this.res = res
    this.next = next
  }

  /** The request holds another stored session than before, or none. */
  hold(held: Held | undefined): void {
    if (this.held && this.held !== held) this.keeper.leave(this.held)
    this.held = held
    this.saved = false
  }

  beforeHeaders(ending: boolean): void | PromiseLike<void> {
    return commit(this, ending, true)
  }

  beforeEnd(): void | PromiseLike<void> {
    return commit(this, true, false)
  }

  putHeaders(): void {
    this.headersLeft = true
    if (this.hasHeaders) putHeaders(this)
  }

  failed(error: unknown, headersLeft: boolean): void {
    this.stopped = true
    this.hold(undefined)
    this.next(error)
    // Half a response went out and no error page can follow: the client must not take it for whole.
    if (headersLeft && !this.res.writableEnded) this.res.destroy?.(error instanceof Error ? error : undefined)
  }

  closed(ended: boolean): void {
    if (ended) {
      this.hold(undefined)
      return
    }
    // The client left before the end: what the handler has put in the session is kept all the same.
    Promise.resolve()
      .then(() => commit(this, true, !this.headersLeft))
      .then(() => this.hold(undefined))
      // Nobody is left to answer; the failure was told as an event.
      .catch(() => this.hold(undefined))
  }

  save(session: Session): Awaitable<void> {
    return verbs.save(this, session)
  }

  reload(session: Session): Awaitable<void> {
    return verbs.reload(this, session)
  }

  destroy(session: Session): Awaitable<void> {
    return verbs.destroy(this, session)
  }

  regenerate(session: Session): Awaitable<void> {
    return verbs.regenerate(this, session)
  }

  renewId(session: Session): Awaitable<void> {
    return verbs.renewId(this, session)
  }

  update<R>(change: Change<R>): Awaitable<R> {
    return verbs.update(this, change)
  }

  generate(): void {
    generate(this)
  }

  restoreCookie(raw: object): Cookie {
    return Cookie.restored(this.room.cookieBase(this.req), raw as Record<string, unknown>, Date.now())
  }

  giveUp(id: string): void {
    this.keeper.giveUp(id)
  }
}

/** @returns the exchange behind a request, if one of our middlewares has seen it */
export function exchangeOf(req: SessionRequest): Exchange | undefined {
  const link = req[LINK]
  return link instanceof Exchange ? link : undefined
}
