import type { Backend, Entry, StoreKey } from '../backend/contract'
import type { Awaitable } from '../base/async'
import { badOption, SessionError } from '../base/errors'
import type { Data } from '../record/text'
import type { SessionData } from '../session/session'
import type { KeyRing } from './keys'

/** How many sessions an owner may have, and what happens to one more (ASVS 7.1.2). */
export interface OwnerLimit {
  /** At least 1. */
  max: number
  /** `'evict'` (default): the one whose deadline is nearest ends. `'refuse'`: saving fails with ERR_SESSION_LIMIT. */
  overflow?: 'evict' | 'refuse' | undefined
}

/** One of an owner's sessions, as `sessionsOf` lists them. */
export interface OwnedSession {
  /** For `revoke`. Without `hashIds` it has the session id in it: keep it on the server. */
  readonly key: string
  /** Tells sessions apart, and may be shown. That of the request's own session is `store.fingerprintOf(id)`. */
  readonly fingerprint: string
  /** The session's data, without its cookie. */
  readonly data: Data
  /** Epoch ms; `undefined` where the record does not say. */
  readonly createdAt: number | undefined
  /** Epoch ms; `Infinity` for never. */
  readonly expiresAt: number
}

export type OwnerOf = (session: SessionData & Data) => string | number | undefined | null

export interface OwnerOptions {
  /** Whose session it is: a user id, or `undefined` for nobody's. Default: no index of owners. */
  owner?: OwnerOf | undefined
  /** Most sessions of one owner. Default: no limit. */
  maxPerOwner?: number | OwnerLimit | undefined
}

/** The index of whose sessions are whose, on any backend that keeps one. */
export class Owners {
  readonly #backend: Backend
  readonly #end: (key: StoreKey) => Awaitable<boolean>
  readonly #ownerOf: OwnerOf
  readonly limit: Required<OwnerLimit> | undefined
  /** Counts under way, by owner: two at a time would each end the other's session. */
  readonly #counting = new Map<string, Promise<void>>()

  /**
   * @param end ends the session of a key
   * @throws TypeError ERR_SESSION_OPTION when an option is wrong
   */
  constructor(
    backend: Backend,
    { owner, maxPerOwner }: OwnerOptions,
    end: (key: StoreKey) => Awaitable<boolean>,
  ) {
    if (typeof owner !== 'function') badOption('owner', 'a function of the session', owner)
    if (!backend.ownedBy) badOption('owner', 'undefined: this backend keeps no index of owners', owner)
    this.#backend = backend
    this.#end = end
    this.#ownerOf = owner
    this.limit = readLimit(maxPerOwner)
  }

  of(session: object): string | undefined {
    const owner = this.#ownerOf(session as SessionData & Data)
    if (owner === undefined || owner === null || owner === '') return undefined
    if (typeof owner !== 'string' && typeof owner !== 'number')
      badOption('owner', 'to return a string', owner)
    return String(owner)
  }

  async listed(owner: string): Promise<Array<[StoreKey, Entry]>> {
    return (await this.#backend.ownedBy?.(String(owner))) ?? []
  }

  /** Before a session becomes this owner's. @throws SessionError ERR_SESSION_LIMIT */
  async admit(owner: string): Promise<void> {
    if (this.limit?.overflow !== 'refuse') return
    if ((await this.listed(owner)).length >= this.limit.max) throw refused(this.limit.max)
  }

  /** After it has. Counts again, since others may have come at the same time. */
  async settle(owner: string, key: StoreKey): Promise<void> {
    const before = this.#counting.get(owner)
    const counted = (before ?? Promise.resolve()).catch(() => {}).then(() => this.#count(owner, key))
    this.#counting.set(owner, counted)
    try {
      await counted
    } finally {
      if (this.#counting.get(owner) === counted) this.#counting.delete(owner)
    }
  }

  async #count(owner: string, key: StoreKey): Promise<void> {
    if (!this.limit) return
    const all = await this.listed(owner)
    // Somebody else has counted first, and ended this one.
    if (!all.some(([one]) => one === key)) return
    const others = all.filter(([other]) => other !== key)
    const tooMany = all.length - this.limit.max
    if (tooMany <= 0) return
    if (this.limit.overflow === 'refuse') {
      await this.#end(key)
      throw refused(this.limit.max)
    }
    for (const [other] of others.slice(0, tooMany)) await this.#end(other)
  }
}

function refused(max: number): SessionError {
  return new SessionError(
    'ERR_SESSION_LIMIT',
    `this owner has ${max} sessions already, and no more are allowed`,
  )
}

function readLimit(given: number | OwnerLimit | undefined): Required<OwnerLimit> | undefined {
  if (given === undefined) return undefined
  const { max, overflow = 'evict' } = typeof given === 'number' ? { max: given } : (given ?? {})
  if (typeof max !== 'number' || !(max >= 1))
    badOption('maxPerOwner', 'a number of at least 1, or { max, overflow }', given)
  if (overflow !== 'evict' && overflow !== 'refuse')
    badOption('maxPerOwner.overflow', "'evict' or 'refuse'", overflow)
  return { max, overflow }
}

/** @returns what is shown of an owner's session */
export function ownedSession(
  key: StoreKey,
  keys: KeyRing,
  entry: Entry,
  record: Data & { cookie: Data },
): OwnedSession {
  const { cookie, ...data } = record
  const { created } = cookie
  return {
    key,
    fingerprint: keys.fingerprint(key),
    data,
    createdAt: typeof created === 'number' ? created : undefined,
    expiresAt: entry.expires,
  }
}
