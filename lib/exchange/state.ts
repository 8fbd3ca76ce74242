import type { CookieAttributes } from '../cookie/header'
import type { Keeper, KnownSession } from '../keeper/contract'
import { type Session, type SessionRequest, setSessionId } from '../session/session'
import type { Context } from './context'
import type { TrustChange } from './trust'

/**
 * What one request knows of its session. The steps beside read and change it; what changes several fields together is
 * a method here.
 */
export class RequestState {
  readonly context: Context
  readonly keeper: Keeper
  /** The request, or a facade of it: see `facade.ts`. */
  req: SessionRequest

  /** The id that the browser sent and that verified, whether or not the store has it. */
  cookieId: string | undefined = undefined
  /** Id and data text at the start of the request: "modified" is measured against them. */
  originalId: unknown = undefined
  originalData = '{}'
  /** The stored session as this request knows it; `undefined` while the session is new. */
  known: KnownSession | undefined = undefined
  /** Epoch ms of the session's creation, for a cookie that the handler made itself. */
  createdAt = 0
  /** The id that was drawn last, as opposed to one that the application put on the request. */
  drawnId: unknown = undefined
  /** An id drawn ahead, because `store.generate` cannot wait for one. */
  nextId: unknown = undefined
  /** The session's life was renewed for this request. */
  renewed = false
  /** The handler called `touch()`: the deadline moves, however little that is. */
  touchedByHandler = false
  /** This request saved the session, and `known` is what it saved. */
  saved = false
  /** A commit is calling a `save` of the application's, which replaces ours and may call it in turn. */
  savesByMethod = false
  /** The store may be running its own `regenerate`. */
  regenerating = false
  /** The response is over: a stored session that is known from now on is left at once. */
  over = false
  /** The headers have left: a cookie comes too late. */
  headersLeft = false
  /** The `Set-Cookie` line that is to leave with the headers. */
  cookieLine: string | undefined = undefined
  /** This request ended a session: the attributes under which the browser keeps that session's cookie. */
  endedCookie: CookieAttributes | undefined = undefined
  /** What the browser is to be told with the headers beside the cookie; see `trust.ts`. */
  trustChange: TrustChange | undefined = undefined
  /**
   * The session is bound to a device, of which the request has shown no proof: of what it has instead nothing is kept,
   * so that the browser that has the key comes back to its own.
   */
  unbound = false
  /** Top-level values at `end()`, compared later to detect late changes; see `late-change.ts`. */
  valuesAtEnd: readonly unknown[] | undefined = undefined
  /** Ids that were ended, by this request or by another one: nothing is written under them. */
  #endedIds: Set<string> | undefined = undefined

  constructor(context: Context, req: SessionRequest) {
    this.context = context
    this.keeper = context.keeper()
    this.req = req
  }

  /** Whether the request knows this id as that of a stored session which nothing has ended meanwhile. */
  knowsStored(id: string): boolean {
    const { known } = this
    return known?.id === id && known.flight?.dead !== true
  }

  /** From now on the request knows this stored session, or none; it leaves the one before. */
  know(known: KnownSession | undefined): void {
    if (this.known && this.known !== known) this.keeper.leave(this.known)
    this.known = known
    this.saved = false
    if (known && this.over) this.keeper.leave(known)
  }

  /** The first record of the session was written. */
  created(known: KnownSession): void {
    this.know(known)
    this.saved = true
    this.context.tellOf('created', known.id)
  }

  /** A further record of the session was written. */
  wrote(known: KnownSession, merged: boolean): void {
    this.saved = true
    const { context } = this
    context.tell('saved', () => ({
      session: context.fingerprint(known.id),
      merged,
      overwritten: [...known.overwritten],
    }))
  }

  /** The store does not have the session any more: another request ended it. */
  lost({ id }: KnownSession): void {
    this.end(id)
    this.context.tellOf('interrupted', id)
  }

  /** The record of `id` was removed by the handler's wish. */
  destroyed(id: string, because: 'destroyed' | 'regenerated' | 'unset'): void {
    const { context } = this
    context.tell('destroyed', () => ({ session: context.fingerprint(id), because }))
  }

  /** Gives the session, the request and the record to come another id. */
  rename(session: Session, id: string): void {
    setSessionId(session, id)
    this.req.sessionID = id
    this.drawnId = id
  }

  isEnded(id: string): boolean {
    return this.#endedIds?.has(id) === true
  }

  end(id: string): void {
    this.#endedIds ??= new Set()
    this.#endedIds.add(id)
  }

  /** A new session has this id, whatever had it before. */
  begin(id: unknown): void {
    this.#endedIds?.delete(id as string)
  }

  /**
   * No other request has to wait for this one any more. What it knows of the stored session stays: a handler may save
   * later, and must not overwrite what other requests have changed since.
   */
  leave(): void {
    this.over = true
    if (this.known) this.keeper.leave(this.known)
  }
}
