import type { Entry, StoreKey } from '../../backend/contract'
import { systemClock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { takeTree } from '../../record/composed'
import {
  type BasedDelta,
  changeBy,
  deltaBetween,
  isChange,
  overwrittenBy,
  overwrittenKeys,
} from '../../record/delta'
import { type Data, joinRecord, parseData } from '../../record/text'
import { Cookie } from '../../session/cookie'
import type { Session } from '../../session/session'
import type { OwnStore } from '../../store/protocol'
import type { KeeperContext, KnownSession } from '../contract'
import { resolvedCookieText } from '../cookie-conflict'
import { deadlineOf } from './deadline'
import { type Merging, mergingOf } from './merging'
import { type ParsedRecord, type ParsedRecords, parsedRecord } from './parsed-records'
import type { KeeperParts } from './parts'
import { Repeats } from './repeats'

const NONE: readonly string[] = []

/** One save under way: what to write next, composed of this request's change and of what stands in the store. */
export class Draft {
  readonly key: StoreKey
  readonly known: KnownSession
  /** Epoch ms. */
  readonly startedAt: number
  /** Data text of the whole record as it would be written. */
  data = ''
  /** Whether another request's changes are in it. */
  merged = false
  /** Keys whose value by another request is replaced by this request's. */
  overwritten: readonly string[] = NONE
  readonly #store: OwnStore
  readonly #context: KeeperContext
  readonly #session: Session
  /** Data text of the live session. */
  readonly #mine: string
  /** As the request knew it when this commit began; other commits of the same request may move it on. */
  readonly #base: string
  readonly #seen: string
  #delta: BasedDelta | undefined = undefined
  #theirCookie: string | undefined = undefined
  #atLeast = 0
  #text = ''
  /** The session's own cookie settings, as `#text` has them. */
  #settings = ''
  #expires = 0
  #repeats: Repeats | undefined = undefined
  readonly #parsedRecords: ParsedRecords | undefined
  /** Of the live session, whose JSON is `#mine`. */
  readonly #tree: Data | undefined
  /** What was composed last, if it needs no parsing. */
  #parsed: ParsedRecord | undefined = undefined
  /** The handler may have gone on since this commit began. */
  #waited = false

  constructor({ store, context, parsed }: KeeperParts, known: KnownSession, session: Session, mine: string) {
    this.#store = store
    this.#context = context
    this.#parsedRecords = parsed
    this.#tree = takeTree(mine)
    this.known = known
    this.#session = session
    this.#mine = mine
    this.#base = known.base
    this.#seen = known.seen
    this.key = store.keyOf(known.id)
    this.startedAt = systemClock()
  }

  /** This request's session over what it has seen, which after a merge is more than its own part. */
  ontoSeen(): this {
    const { known } = this
    if (known.base === known.seenData) return this.compose(this.#mine)
    const data = parseData(known.seenData)
    this.overwritten = overwrittenBy(this.change(), data)
    changeBy(this.change(), data)
    return this.compose(JSON.stringify(data))
  }

  /**
   * What this request changed on top of what somebody else wrote. `false`: that is no session any more.
   *
   * @throws SessionError ERR_SESSION_CONFLICT when both changed it and the policy is to reject
   */
  onto(theirs: Entry): boolean {
    this.#repeats ??= new Repeats()
    this.#repeats.met(theirs.body)
    const merging = this.merging(theirs)
    if (!merging) return false
    const cookieText = this.mergeInto(merging, theirs.body !== this.#seen)
    this.compose(JSON.stringify(merging.data), cookieText, merging.expires)
    return true
  }

  /** A store's entry, to be changed by `mergeInto`. `undefined`: it is no session. */
  merging(entry: Entry): Merging | undefined {
    return mergingOf(this.#store, this.key, entry)
  }

  /**
   * Puts what this request changed on top.
   *
   * @param conflict somebody else has written since this request has looked
   * @returns the cookie's text, where it is not the live session's cookie alone
   * @throws SessionError ERR_SESSION_CONFLICT
   */
  mergeInto(merging: Merging, conflict: boolean): string | undefined {
    const change = this.change()
    const { concurrency } = this.#context.policy
    if (conflict && isChange(change) && concurrency === 'reject') {
      throw new SessionError('ERR_SESSION_CONFLICT', 'another request has changed the session meanwhile')
    }
    if (conflict && isChange(change) && concurrency === 'overwrite') {
      const mine = parseData(this.#mine)
      this.overwritten = overwrittenKeys(change.before, merging.data, mine)
      merging.data = mine
    } else {
      this.overwritten = overwrittenBy(change, merging.data)
      changeBy(change, merging.data)
    }
    this.merged ||= conflict
    if (!conflict) {
      merging.expires = 0
      return undefined
    }
    // An end that this request has set is a decision; else nobody's deadline is taken back.
    const decided = Cookie.settings(this.#session.cookie) !== this.known.settings
    if (decided || merging.expires === Infinity) merging.expires = 0
    return resolvedCookieText(this.known, this.#session, merging.cookie)
  }

  /** As `mergeInto`, of one among several who write together. @param first nobody of them has come before */
  joinInto(merging: Merging, theirs: Entry, first: boolean): string {
    this.#waited = true
    const text = this.mergeInto(merging, !first || theirs.body !== this.#seen)
    const { cookie } = this.#session
    const now = systemClock()
    Cookie.renewAgain(cookie, now)
    this.#settings = Cookie.settings(cookie)
    const cookieText = text ?? Cookie.text(cookie)
    merging.cookie = JSON.parse(cookieText)
    const deadline = deadlineOf(this.#session, this.#store.ttlMs, this.#context.policy, now)
    merging.expires = Math.max(merging.expires, deadline)
    return cookieText
  }

  /** Other data in the record as it was composed last. */
  with(data: string): this {
    return this.compose(data, this.#theirCookie, this.#atLeast)
  }

  /** The same record under another key. */
  as(other: Draft): this {
    this.merged = other.merged
    this.overwritten = other.overwritten
    return this.compose(other.data, other.#theirCookie, other.#atLeast)
  }

  /**
   * @param cookieText of the record, where it is not the live session's cookie
   * @param atLeast a deadline that is not taken back
   */
  compose(data: string, cookieText?: string, atLeast = 0): this {
    const { cookie } = this.#session
    const { policy, canonical } = this.#context
    const now = systemClock()
    // A commit late in a long request must not take back what others have renewed since it began.
    Cookie.renewAgain(cookie, now)
    this.data = data
    this.#settings = Cookie.settings(cookie)
    this.#theirCookie = cookieText
    this.#atLeast = atLeast
    this.#text = this.#store.sealed(this.key, joinRecord(cookieText ?? Cookie.text(cookie), data))
    const tree = cookieText === undefined && data === this.#mine ? this.#tree : undefined
    this.#parsed = tree && parsedRecord(cookie, canonical, this.#text, data, tree)
    this.#expires = Math.max(atLeast, deadlineOf(this.#session, this.#store.ttlMs, policy, now))
    return this
  }

  /** What the backend is given; `expires` other than the session's own for one that is to end. */
  entry(expires = this.#expires): Entry {
    // Whose session it is may be what another request has changed.
    const apart = this.merged || this.#waited
    const whole = apart && this.#store.owners ? parseData(this.data) : this.#session
    return this.#store.entryFor(whole, this.#text, expires)
  }

  /** It was written: live session and store agree. */
  agreed(base = this.#mine): KnownSession {
    const { known } = this
    known.agree({ base, settings: this.#settings })
    known.seen = this.#text
    known.seenData = this.data
    known.deadline = this.#expires
    known.overwritten = this.overwritten
    if (base === this.#mine) known.shown = this.#tree
    if (this.#parsed) this.#parsedRecords?.set(this.key, this.#parsed)
    return known
  }

  /** It was written as part of what `last` has composed. */
  agreedWith(last: Draft): void {
    this.data = last.data
    this.#text = last.#text
    this.#parsed = undefined
    this.#expires = last.#expires
    this.agreed()
  }

  /** What this request knew when the commit began. */
  get seen(): Entry {
    return { body: this.#seen, expires: 0 }
  }

  /** What to begin with: what this process has written or met last, though a conflict has to be a real one. */
  guess(lastWritten: Entry | undefined, met?: Entry): Entry {
    return (this.#context.policy.concurrency === 'reject' ? undefined : lastWritten) ?? met ?? this.seen
  }

  /** What was composed last, as others will find it. */
  get written(): Entry {
    return { body: this.#text, expires: this.#expires }
  }

  /** How long the store may take yet. */
  get remainingMs(): number {
    return this.startedAt + this.#context.policy.storeTimeoutMs - systemClock()
  }

  change(): BasedDelta {
    this.#delta ??= deltaBetween(this.#base, this.#mine)
    return this.#delta
  }
}
