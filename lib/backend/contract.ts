import type { Awaitable } from '../base/async'
import type { Entry, StoreKey } from './entry'
import type { Ending, NewsListener } from './news'

export type { Entry, StoreKey } from './entry'

/**
 * The inner contract of a store: five verbs over opaque strings and absolute deadlines. Each sentence here has
 * a case with the same words in `sojourn/conformance`.
 *
 * A backend knows no HTTP, no session and no JSON. Prefixes, hashing, sealing, deadline arithmetic, events and
 * the public `get/set/destroy/touch` live above it, in `BackedStore`.
 */

/** What `replace` answers: written; or what stands there instead; or nothing stands there any more. */
export type Replaced = true | Entry | undefined

export interface Backend {
  /** Absent or past its deadline: `undefined`, never an error. An error means that the store cannot tell. */
  read(key: StoreKey): Awaitable<Entry | undefined>

  /** `false`: a live entry has the key and nothing was changed. An expired entry does not hold its key. */
  create(key: StoreKey, entry: Entry): Awaitable<boolean>

  /**
   * Compare-and-swap on the body. `true`: the body was `seen` and is now `entry`'s. An `Entry`: somebody else
   * wrote that one meanwhile and nothing was changed. `undefined`: it is gone, and nothing was created.
   *
   * @param ending why it ends, where the deadline is past; for those who `follow`
   */
  replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Awaitable<Replaced>

  /**
   * `false`: it was absent already (or expired), which is no error.
   *
   * @param ending why it ends; for those who `follow`
   */
  remove(key: StoreKey, ending?: Ending): Awaitable<boolean>

  /** Moves the deadline, forwards or backwards, and leaves the body. `false`: absent; it never creates. */
  extend(key: StoreKey, expires: number): Awaitable<boolean>

  /** Live entries whose key starts with `prefix`, in any order; one that stands there throughout comes exactly once. */
  scan?(prefix?: string): AsyncIterable<[StoreKey, Entry]>

  /**
   * The live entries whose last write named this owner, nearest deadline first. Constant work per entry of that
   * owner, never a scan. The index follows every `create`, `replace` (also from one owner to another), `remove`
   * and deadline. Backends without an index leave it out.
   */
  ownedBy?(owner: string): Awaitable<Array<[StoreKey, Entry]>>

  /**
   * Tells of each key under this prefix that is created, gets another body, ends or is to end earlier, whichever
   * backend on the same data has done it. It is in force when it has answered: whatever is acknowledged after that is
   * told, within a quarter of a second. A read after the telling answers what was told of, or what came after it. The
   * reason that an end was given goes along. That a deadline has come need not be told, nor that it was moved on. `gap`
   * is told when anything may have been missed, as after a lost connection. What it gives back ends it: after that
   * nothing is told.
   */
  follow?(prefix: string, listener: NewsListener): Awaitable<() => Awaitable<void>>

  /** Drops what is past its deadline at `now` (epoch ms). @returns how many it dropped */
  prune?(now: number): Awaitable<number>

  /** Idempotent. Closes only what this backend opened. Calls after it fail with `ERR_SESSION_CLOSED`. */
  close?(): Awaitable<void>

  /**
   * Where the backend can lose its connection: called once by the store above, to be told of each loss and
   * each recovery. Between the two the middleware lets requests pass without a session.
   */
  watch?(onDown: (cause?: unknown) => void, onUp: () => void): void
}
