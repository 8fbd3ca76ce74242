import { randomBytes } from 'node:crypto'
import { badOption, SessionError } from '../../base/errors'
import { isUsableId } from '../../base/ids'
import { applyDelta, deltaBetween } from '../../record/delta'
import { type Data, parseData, unserializableKey } from '../../record/text'
import { SessionStorage } from '../server/server'
import { type GuardedRequest, type GuardedResponse, guardRequest, middlewareOf } from './guard'
import type { SessionMiddlewareOptions } from './options'
import { isAtomic, keptData, type Merge, SessionStore } from './store'
import { SessionStoreLocal } from './store-local'
import { SessionStoreMemory } from './store-memory'
import { plainBatches } from './update-batches'

/** As many hexadecimal digits as the SHA-1 ids of old, every bit of them from the system's CSPRNG. */
const ID_BYTES = 20
/** Where Kado's own constructor has the store, counted behind `sid`. */
const KADO_STORE_AT = 3

/**
 * The session of one visitor: values by key, restored from and saved to a `SessionStore`. What parallel requests
 * change under different keys is all kept, and a session that has ended meanwhile stays ended.
 */
export class KadoSession {
  static readonly SessionStorage = SessionStorage
  static readonly SessionStore = SessionStore
  static readonly SessionStoreLocal = SessionStoreLocal
  static readonly SessionStoreMemory = SessionStoreMemory

  readonly sid: string
  readonly store: SessionStore
  /** What the constructor of five arguments was given; `undefined` with two. */
  readonly ip: unknown
  readonly agent: unknown
  readonly uid: unknown
  #data: Data = Object.create(null)
  /** The data as they were restored or saved last. */
  #base = '{}'
  /** The store has had this session. */
  #stored = false

  /**
   * Gives every request a `session`, restored before the handler runs. What the handler changes is saved before the
   * response leaves, whether or not it calls `save()`; a failed save goes to `next`. A visitor gets a cookie with the
   * first save.
   *
   * @returns a middleware for Express, Connect and `node:http`; without `next` it returns a promise that tells when to go on
   * @throws TypeError ERR_SESSION_OPTION when an option is wrong
   */
  static getMiddleware(options: SessionMiddlewareOptions = {}): ReturnType<typeof middlewareOf> {
    return middlewareOf(options, KadoSession.#open)
  }

  /** The arguments were part of the id once and are not looked at: what others know has no place in it. */
  static generateId(_ip?: string, _userAgent?: string): string {
    return randomBytes(ID_BYTES).toString('hex')
  }

  /** Does for one request what the middleware does. @returns resolves when `req.session` is restored */
  static request(
    req: GuardedRequest,
    res: GuardedResponse,
    options: SessionMiddlewareOptions = {},
  ): Promise<void> {
    return guardRequest(req, res, options, KadoSession.#open)
  }

  /** The first of these ids that the store has, else a new session. */
  static async #open(this: void, ids: readonly string[], store: SessionStore): Promise<KadoSession> {
    for (const id of ids) {
      const session = await new KadoSession(id, store).restore()
      if (session.stored) return session
    }
    return new KadoSession(KadoSession.generateId(), store)
  }

  /** @throws TypeError ERR_SESSION_OPTION when `sid` is no id or `store` no store */
  constructor(sid: string, store: SessionStore)
  /**
   * As Kado 4.3 has it. `ip`, `agent` and `uid` are kept on the session for the application and are not stored.
   *
   * @throws TypeError ERR_SESSION_OPTION when `sid` is no id or `store` no store
   */
  constructor(sid: string, ip: unknown, agent: unknown, uid: unknown, store: SessionStore)
  constructor(sid: string, ...rest: unknown[]) {
    const store = rest[rest.length > 1 ? KADO_STORE_AT : 0] as SessionStore
    if (!isUsableId(sid)) {
      throw badOption(
        'sid',
        'a session id of 1 to 512 visible characters',
        typeof sid === 'string' ? '…' : sid,
      )
    }
    const { save, restore } = (store ?? {}) as Partial<SessionStore>
    if (typeof save !== 'function' || typeof restore !== 'function') {
      badOption('store', 'a SessionStore', store)
    }
    this.sid = sid
    this.store = store
    if (rest.length > 1) [this.ip, this.agent, this.uid] = rest
  }

  /** Whether the store has had this session when it was restored or saved last. */
  get stored(): boolean {
    return this.#stored
  }

  /** Whether there is something to save. @throws SessionError ERR_SESSION_UNSERIALIZABLE naming the key */
  get changed(): boolean {
    const text = this.#text()
    if (text === this.#base) return false
    // Another request may have written the same keys in another order.
    const { set, removed } = deltaBetween(this.#base, text)
    return removed.length > 0 || Object.keys(set).length > 0
  }

  /** Loads what the store has; what was set here and not saved is dropped. @throws what the store throws */
  async restore(): Promise<this> {
    const kept = keptData(await this.store.restore(this.sid))
    this.#base = kept === undefined ? '{}' : JSON.stringify(kept)
    this.#data = parseData(this.#base)
    this.#stored = kept !== undefined
    return this
  }

  set(key: string, value: unknown): this {
    this.#data[key] = value
    return this
  }

  /** @returns the value, `undefined` when there is none */
  get(key: string): unknown {
    return this.#data[key]
  }

  /**
   * Puts what was changed here on top of what the store has by now.
   *
   * @returns resolves when the store has it
   * @throws SessionError ERR_SESSION_GONE when the session has ended since it was restored: nothing is written
   * @throws SessionError ERR_SESSION_UNSERIALIZABLE naming the key; and what the store throws
   */
  async save(): Promise<void> {
    const mine = this.#text()
    const delta = deltaBetween(this.#base, mine)
    const { stored } = this
    let gone = false
    let saved = mine
    const merge: Merge = (current) => {
      gone = stored && current === undefined
      if (gone) return undefined
      saved = current === undefined ? mine : applyDelta(delta, JSON.stringify(current))
      return parseData(saved)
    }
    const updates = isAtomic(this.store) ? this.store : plainBatches(this.store)
    await updates.update(this.sid, merge)
    if (gone) throw new SessionError('ERR_SESSION_GONE', 'the session has ended and is not saved')
    this.#stored = saved !== '{}'
    this.#base = saved
    if (saved !== mine) this.#adopt(saved, mine)
  }

  /**
   * What others changed comes in, but for keys that were set here while the store was at work. What the application
   * holds a reference to and no other request changed stays the same object.
   */
  #adopt(saved: string, mine: string): void {
    const theirs = deltaBetween(mine, saved)
    const since = deltaBetween(mine, this.#text())
    const free = (key: string): boolean => !Object.hasOwn(since.set, key) && !since.removed.includes(key)
    for (const key of theirs.removed) if (free(key)) delete this.#data[key]
    for (const key of Object.keys(theirs.set)) if (free(key)) this.#data[key] = theirs.set[key]
  }

  #text(): string {
    try {
      return JSON.stringify(this.#data)
    } catch (cause) {
      const key = unserializableKey(this.#data)
      throw new SessionError(
        'ERR_SESSION_UNSERIALIZABLE',
        `session key ${JSON.stringify(key)} cannot be written as JSON`,
        { cause },
      )
    }
  }
}
