import type { Backend, Entry, StoreKey } from '../backend/contract'
import type { Awaitable } from '../base/async'
import { badOption } from '../base/errors'
import type { EndReason } from '../base/events'
import { type Data, parseRecord } from '../record/text'
import { isBound } from '../record/trust'
import type { SessionData } from '../session/session'
import { type Rank, rankOf } from './admission'
import type { KeyRing } from './keys'
import { LoginLimit, type OwnerLimit, readLimit } from './login-limit'

/** One of an owner's sessions, as `sessionsOf` lists them. */
export interface OwnedSession {
  /** For `revoke`. Without `hashIds` it has the session id in it: keep it on the server. */
  readonly key: string
  /** Tells sessions apart, and may be shown. That of the request's own session is `store.fingerprintOf(id)`. */
  readonly fingerprint: string
  /** The session's data, without its cookie. */
  readonly data: Data
  /** It is bound to a device: see the option `deviceBound`. */
  readonly bound: boolean
  /** Epoch ms; `undefined` where the record does not say. */
  readonly createdAt: number | undefined
  /** Epoch ms; `Infinity` for never. */
  readonly expiresAt: number
}

export interface RevokeOptions {
  /** The id of the session to keep, as in `req.session.id`. */
  except?: string | undefined
  /**
   * The fingerprint of the one session to end, as `sessionsOf` showed it. It may come from a browser as it is: no session
   * of another owner has it, and what is no string ends none.
   */
  only?: unknown
}

export type OwnerOf = (session: SessionData & Data) => string | number | undefined | null

export interface OwnerOptions {
  /** Whose session it is: a user id, or `undefined` for nobody's. Default: no index of owners. */
  owner?: OwnerOf | undefined
  /** Most sessions of one owner. Default: no limit. */
  maxPerOwner?: number | OwnerLimit | undefined
}

/** What the index needs of the store above it. */
export interface OwnersStore {
  readonly keys: KeyRing
  /** Ends the session of a key, and tells why. Answers whether it was alive. */
  end(key: StoreKey, because?: EndReason): Awaitable<boolean>
  /** The record in what the backend keeps. */
  opened(key: StoreKey, text: string): string | undefined
}

/** The index of whose sessions are whose, on any backend that keeps one. */
export class Owners {
  readonly #backend: Backend
  readonly #store: OwnersStore
  readonly #ownerOf: OwnerOf
  readonly limit: LoginLimit | undefined

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  constructor(backend: Backend, { owner, maxPerOwner }: OwnerOptions, store: OwnersStore) {
    if (typeof owner !== 'function') badOption('owner', 'a function of the session', owner)
    if (!backend.ownedBy) badOption('owner', 'undefined: this backend keeps no index of owners', owner)
    this.#backend = backend
    this.#store = store
    this.#ownerOf = owner
    const limit = readLimit(maxPerOwner)
    this.limit =
      limit &&
      new LoginLimit(limit, {
        ranks: (whose) => this.#ranks(whose),
        end: (key, because) => store.end(key, because),
      })
  }

  of(session: object): string | undefined {
    const owner = this.#ownerOf(session as SessionData & Data)
    if (owner === undefined || owner === null || owner === '') return undefined
    if (typeof owner !== 'string' && typeof owner !== 'number')
      badOption('owner', 'to return a string', owner)
    return String(owner)
  }

  /** The live sessions of one owner. */
  async sessions(owner: string): Promise<OwnedSession[]> {
    const { keys } = this.#store
    const sessions: OwnedSession[] = []
    for (const [key, entry] of await this.#listed(owner)) {
      const record = this.#record(key, entry)
      if (record) sessions.push(ownedSession(key, keys, entry, record))
    }
    return sessions
  }

  /** @returns how many were alive */
  async revoke(owner: string, options: RevokeOptions): Promise<number> {
    const { except, only } = options
    const { keys } = this.#store
    const kept = except === undefined ? undefined : keys.ofShown(except)
    let ended = 0
    const isMeant = (key: StoreKey) => !Object.hasOwn(options, 'only') || keys.fingerprint(key) === only
    for (const [key] of await this.#listed(owner)) {
      if (key !== kept && isMeant(key) && (await this.#store.end(key, 'revoked'))) ended++
    }
    return ended
  }

  async #ranks(owner: string): Promise<Rank[]> {
    const listed = await this.#listed(owner)
    return listed.map(([key, entry]) => rankOf(key, this.#record(key, entry)?.cookie ?? {}))
  }

  async #listed(owner: string): Promise<Array<[StoreKey, Entry]>> {
    return (await this.#backend.ownedBy?.(owner)) ?? []
  }

  #record(key: StoreKey, { body }: Entry): (Data & { cookie: Data }) | undefined {
    const text = this.#store.opened(key, body)
    return text === undefined ? undefined : parseRecord(text)
  }
}

/** @returns what is shown of an owner's session */
function ownedSession(
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
    bound: isBound(cookie),
    createdAt: typeof created === 'number' ? created : undefined,
    expiresAt: entry.expires,
  }
}
