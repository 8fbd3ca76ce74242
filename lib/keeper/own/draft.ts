import type { Entry, StoreKey } from '../../backend/contract'
import { SessionError, storeError } from '../../base/errors'
import type { Reading } from '../../record/canonical'
import { applyDelta, type Delta, deltaBetween } from '../../record/delta'
import { cookieEnd, deadlineAt, isTimeless, type Timeouts } from '../../record/expiry'
import { type Data, dataTextOf, joinRecord, parseData, parseRecord } from '../../record/text'
import { Cookie } from '../../session/cookie'
import type { Session } from '../../session/session'
import type { BackedStore } from '../../store/backed-store'
import type { Held, KeeperContext } from '../contract'
import { takeCookie } from '../cookie-conflict'

/** Far beyond any real contention: a backend that changes what it is given would go on for ever. */
const ROUNDS_MAX = 1000

/** One save under way: what to write next, composed of this request's change and of what stands in the store. */
export class Commit {
  readonly key: StoreKey
  readonly held: Held
  /** Data text of the whole record as it would be written. */
  data = ''
  /** Whether another request's changes are in it. */
  merged = false
  readonly #store: BackedStore
  readonly #context: KeeperContext
  readonly #session: Session
  /** Data text of the live session. */
  readonly #mine: string
  /** As the request knew it when this commit began; other commits of the same request may move it on. */
  readonly #base: string
  readonly #seen: string
  #delta: Delta | undefined = undefined
  #cookieText = ''
  #text = ''
  #rounds = 0
  /** The session's own cookie settings, as `#text` has them. */
  #settings = ''
  #expires = 0
  #reading: Reading | undefined = undefined

  constructor(store: BackedStore, context: KeeperContext, held: Held, session: Session, mine: string) {
    this.#store = store
    this.#context = context
    this.held = held
    this.#session = session
    this.#mine = mine
    this.#base = held.base
    this.#seen = held.seen
    this.key = store.keyOf(held.id)
  }

  /** This request's session over what it has seen, which after a merge is more than its own part. */
  ontoSeen(): this {
    const { held } = this
    const own = held.base === held.seenData
    return this.compose(own ? this.#mine : applyDelta(this.#change(), held.seenData))
  }

  /**
   * What this request changed on top of what somebody else wrote. `false`: that is no session any more.
   *
   * @throws SessionError ERR_SESSION_CONFLICT when both changed it and the policy is to reject
   */
  onto(theirs: Entry): boolean {
    if (++this.#rounds > ROUNDS_MAX) {
      throw storeError('set', `replace answered ${ROUNDS_MAX} times that another one wrote meanwhile`)
    }
    const body = this.#store.opened(this.key, theirs.body)
    const record = body === undefined ? undefined : parseRecord(body)
    if (body === undefined || !record) return false
    const delta = this.#change()
    const changed = delta.removed.length > 0 || Object.keys(delta.set).length > 0
    const conflict = theirs.body !== this.#seen
    const { concurrency } = this.#context.policy
    if (conflict && changed && concurrency === 'reject') {
      throw new SessionError('ERR_SESSION_CONFLICT', 'another request has changed the session meanwhile')
    }
    const mineWins = conflict && changed && concurrency === 'overwrite'
    this.merged ||= conflict
    this.compose(
      mineWins ? this.#mine : applyDelta(delta, dataTextOf(body, record)),
      conflict ? this.#cookieOver(record.cookie) : undefined,
    )
    return true
  }

  /** Other data in the record as it was composed last. */
  with(data: string): this {
    return this.compose(data, this.#cookieText)
  }

  /** The same record under another key. */
  as(other: Commit): this {
    this.merged = other.merged
    return this.compose(other.data, other.#cookieText)
  }

  /** @param cookieText of the record, where it is not the live session's cookie */
  compose(data: string, cookieText?: string): this {
    const { cookie } = this.#session
    const { policy, canonical } = this.#context
    const now = Date.now()
    // A commit late in a long request must not take back what others have renewed since it began.
    Cookie.renewAgain(cookie, now)
    this.data = data
    this.#settings = Cookie.settings(cookie)
    this.#cookieText = cookieText ?? Cookie.text(cookie)
    this.#reading =
      cookieText === undefined &&
      this.#store.keepsReadings &&
      canonical &&
      Cookie.isCanonical(cookie, canonical.base)
        ? canonical.readingOf(
            Cookie.createdAt(cookie),
            cookie.expires ? cookie.expires.valueOf() : null,
            data,
          )
        : undefined
    this.#text = this.#store.sealed(this.key, joinRecord(this.#cookieText, data))
    this.#expires = deadlineOf(this.#session, this.#store.ttlMs, policy, now)
    return this
  }

  /** What the backend is given; `expires` other than the session's own for one that is to end. */
  entry(expires = this.#expires): Entry {
    // Whose session it is may be what another request has changed.
    const whole = this.merged && this.#store.owners ? parseData(this.data) : this.#session
    return this.#store.entryFor(whole, this.#text, expires, this.#reading)
  }

  /** It was written: live session and store agree. */
  agreed(base = this.#mine): Held {
    const { held } = this
    held.agree({ base, settings: this.#settings })
    held.seen = this.#text
    held.seenData = this.data
    held.deadline = this.#expires
    return held
  }

  #change(): Delta {
    this.#delta ??= deltaBetween(this.#base, this.#mine)
    return this.#delta
  }

  /** The cookie is never merged: mine if this request has set it, else theirs with the later end. */
  #cookieOver(theirs: Data): string {
    if (takeCookie(this.held, this.#session, theirs)) return Cookie.text(this.#session.cookie)
    const end = cookieEnd(theirs['expires'] as string | null)
    const later = Math.max(cookieEnd(this.#session.cookie.expires) ?? 0, end ?? 0)
    return JSON.stringify(end === undefined ? theirs : { ...theirs, expires: new Date(later) })
  }
}

/** @returns the deadline of a session's record, as of `now` */
export function deadlineOf(session: Session, ttlMs: number, timeouts: Timeouts, now: number): number {
  const { cookie } = session
  const end = cookieEnd(cookie.expires)
  if (end !== undefined && isTimeless(timeouts)) return end
  return deadlineAt(now, end, ttlMs, Cookie.createdAt(cookie) || now, timeouts)
}
