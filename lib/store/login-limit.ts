import type { StoreKey } from '../backend/contract'
import { type Awaitable, ignore } from '../base/async'
import { systemClock } from '../base/clock'
import { badOption, SessionError } from '../base/errors'
import type { EndReason } from '../base/events'
import { sleep } from '../base/timers'
import { choosingMark, fits, markBehind, overflowing, type Rank, rankOf } from './admission'

/** How many sessions an owner may have, and what happens to one more (ASVS 7.1.2). */
export interface OwnerLimit {
  /** At least 1. */
  max: number
  /** `'evict'` (default): the one that has been the owner's for longest ends. `'refuse'`: saving fails with ERR_SESSION_LIMIT. */
  overflow?: 'evict' | 'refuse' | undefined
}

/** A session that is to become an owner's. */
export interface Login<T> {
  readonly owner: string
  readonly key: StoreKey
  /** It was not in the store before. */
  readonly isNew: boolean
  /** Writes the session with this mark in its cookie, see `Rank`; once, or twice. */
  write(mark: string): Awaitable<T>
  /** Whether the session stands in the store; if not, the answer is handed through. */
  isWritten(result: T): boolean
  /** Makes a call of the store. */
  call<R>(operation: 'list' | 'destroy', work: () => Awaitable<R>): Awaitable<R>
}

/** What a limit needs of the store. */
export interface Logins {
  /** The ranks of an owner's live sessions, in no order. */
  ranks(owner: string): Awaitable<Rank[]>
  /** Ends the session of a key, and tells why, if that is given. */
  end(key: StoreKey, because?: EndReason): Awaitable<boolean>
}

/** Lets an owner have only so many sessions. */
export class LoginLimit {
  readonly #limit: Required<OwnerLimit>
  readonly #logins: Logins
  /** Logins under way, by owner. */
  readonly #entering = new Map<string, Promise<unknown>>()

  constructor(limit: Required<OwnerLimit>, logins: Logins) {
    this.#limit = limit
    this.#logins = logins
  }

  /**
   * Makes a session this owner's, within the limit. Of any number that try at once, in whichever processes, `max` are
   * left; one that dies on its way leaves at most one more, until the next comes.
   *
   * @throws SessionError ERR_SESSION_LIMIT
   */
  async enter<T>(login: Login<T>): Promise<T> {
    const { owner } = login
    // One after the other within this process: each looks at all sessions that are there.
    const before = this.#entering.get(owner) ?? Promise.resolve(undefined)
    const entered = before.catch(ignore).then(() => this.#enter(login))
    this.#entering.set(owner, entered)
    try {
      return await entered
    } finally {
      if (this.#entering.get(owner) === entered) this.#entering.delete(owner)
    }
  }

  #enter<T>(login: Login<T>): Awaitable<T> {
    const { max, overflow } = this.#limit
    return overflow === 'refuse' ? this.#orRefuse(login, max) : this.#andEvict(login, max)
  }

  async #andEvict<T>({ owner, write, isWritten, call }: Login<T>, max: number): Promise<T> {
    const ranks = () => call('list', () => this.#logins.ranks(owner))
    const result = await write(markBehind(await ranks(), systemClock()))
    if (!isWritten(result)) return result
    for (const { key } of overflowing(await ranks(), max))
      await call('destroy', () => this.#logins.end(key, 'evicted'))
    return result
  }

  /**
   * Lamport's bakery: what is written before it has chosen its place is seen by all who choose later, and decides when
   * nobody is choosing any more who may come before it.
   */
  async #orRefuse<T>({ owner, key, isNew, write, isWritten, call }: Login<T>, max: number): Promise<T> {
    const end = (stopped: StoreKey) => call('destroy', () => this.#logins.end(stopped, 'refused'))
    const others = () =>
      call('list', async () => (await this.#logins.ranks(owner)).filter((other) => other.key !== key))
    const standing = await others()
    if (fits(rankOf(key, { admitted: markBehind(standing, 0) }), standing, max) === false) {
      await whenChosen(standing, others, end)
      throw refused(max)
    }
    const first = await write(choosingMark(systemClock()))
    if (!isWritten(first)) return first
    const mark = markBehind(await others(), systemClock())
    const result = await write(mark)
    if (!isWritten(result)) return result
    const own = rankOf(key, { admitted: mark })
    const known = (ranks: Rank[]) => fits(own, ranks, max) !== undefined
    if (fits(own, await whenChosen(await others(), others, end, known), max)) return result
    // Nobody has been told that a new one was created.
    await call('destroy', () => this.#logins.end(key, isNew ? undefined : 'refused'))
    throw refused(max)
  }
}

/** From one look at those that are choosing their places to the next, and how many looks they have: a second. */
const CHOOSING_MS = 10
const CHOOSING_LOOKS = 100

/**
 * Waits for those that are choosing their places now; who comes later comes behind. One that has stopped there is ended,
 * since it must not go on when others have been let in.
 *
 * @param known whether what these ranks say is enough already
 * @returns the ranks, without those that have come meanwhile and are choosing
 */
async function whenChosen(
  now: Rank[],
  look: () => Awaitable<Rank[]>,
  end: (key: StoreKey) => Awaitable<boolean>,
  known: (ranks: Rank[]) => boolean = () => false,
): Promise<Rank[]> {
  let ranks = now
  let waited = ranks.filter(({ choosing }) => choosing)
  for (let looks = CHOOSING_LOOKS; waited.length > 0 && !known(ranks); looks--) {
    if (looks > 0) await sleep(CHOOSING_MS)
    else for (const { key } of waited) await end(key)
    const keys = new Set(waited.map(({ key }) => key))
    ranks = (await look()).filter(({ choosing, key }) => !choosing || keys.has(key))
    waited = ranks.filter(({ choosing }) => choosing)
  }
  return ranks
}

function refused(max: number): SessionError {
  return new SessionError(
    'ERR_SESSION_LIMIT',
    `this owner has ${max} sessions already, and no more are allowed`,
  )
}

/** @throws TypeError ERR_SESSION_OPTION */
export function readLimit(given: number | OwnerLimit | undefined): Required<OwnerLimit> | undefined {
  if (given === undefined) return undefined
  const { max, overflow = 'evict' } = typeof given === 'number' ? { max: given } : (given ?? {})
  if (typeof max !== 'number' || !(max >= 1))
    badOption('maxPerOwner', 'a number of at least 1, or { max, overflow }', given)
  if (overflow !== 'evict' && overflow !== 'refuse')
    badOption('maxPerOwner.overflow', "'evict' or 'refuse'", overflow)
  return { max, overflow }
}
