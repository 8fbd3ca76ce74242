import { badOption } from '../core/errors'
import { cookieEnd } from '../core/expiry'
import { parseRecord } from '../core/record'
import type { Reading } from '../session/canonical'
import type { SessionData } from '../session/session'
import { type Callback, settle, whenDone } from '../session/settle'
import { Store } from '../session/store'
import { type BackedStoreOptions, checkBackedOptions, type StoredSession } from './backed-options'
import type { Awaitable, Backend, Entry, Replaced, StoreKey } from './backend'
import { Elsewhere, oldStore, plainRows, type Source } from './elsewhere'
import { KeyRing } from './keys'
import { type OwnedSession, Owners, ownedSession } from './owners'

export { type BackedStoreOptions, type StoredSession, splitBackedOptions } from './backed-options'

/**
 * The one class that joins the two contracts: the public store of express-session in front, a `Backend` behind.
 * Its methods take a callback or return a promise.
 */
export class BackedStore extends Store {
  /** @internal */
  readonly backend: Backend
  /** @internal */
  readonly ttlMs: number
  /** @internal */
  readonly owners: Owners | undefined
  /** @internal where sessions stand that this store has not taken over yet */
  readonly elsewhere: Elsewhere | undefined
  readonly #keys: KeyRing
  readonly #sealer: BackedStoreOptions['seal']

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  constructor(backend: Backend, options: BackedStoreOptions = {}) {
    super()
    const { prefix = '', ttl = Number.POSITIVE_INFINITY, hashIds = false, migrateFrom } = options
    checkBackedOptions(options)
    this.backend = backend
    this.ttlMs = ttl
    this.#keys = new KeyRing(prefix, hashIds)
    this.#sealer = options.seal
    this.owners = options.owner || options.maxPerOwner ? new Owners(backend, options) : undefined
    const sources: Source[] = []
    if (hashIds) sources.push(plainRows(this, (id) => this.#keys.plain(id)))
    if (migrateFrom) sources.push(oldStore(migrateFrom, ttl))
    this.elsewhere = sources.length > 0 ? new Elsewhere(sources, this) : undefined
    backend.watch?.(
      (cause) => this.emit('disconnect', cause),
      () => this.emit('connect'),
    )
  }

  override get(sid: string, callback?: Callback<StoredSession | null>): Promise<StoredSession | null> {
    return settle(async () => {
      const key = this.#keys.ofShown(sid)
      const entry = (await this.backend.read(key)) ?? (await this.elsewhere?.take(sid))
      return entry ? this.#shown(key, entry) : null
    }, callback)
  }

  override set(sid: string, session: SessionData, callback?: Callback): Promise<void> {
    // The text is taken now: what the caller changes after `set` returned belongs to the next one.
    let body: string
    try {
      body = JSON.stringify(session)
    } catch (error) {
      return settle(() => Promise.reject(error), callback)
    }
    return settle(() => this.#put(this.#keys.ofShown(sid), session, body), callback)
  }

  override destroy(sid: string, callback?: Callback): Promise<void> {
    return settle(async () => {
      await this.backend.remove(this.#keys.ofShown(sid))
      await this.elsewhere?.remove(sid)
    }, callback)
  }

  override touch(sid: string, session: SessionData, callback?: Callback): Promise<void> {
    return settle(async () => {
      const key = this.#keys.ofShown(sid)
      const deadline = this.#deadline(session)
      if (await this.backend.extend(key, deadline)) return
      if (await this.elsewhere?.take(sid)) await this.backend.extend(key, deadline)
    }, callback)
  }

  /** All live sessions by id (a handle where ids are hashed), in a map without a prototype. */
  override all(callback?: Callback<Record<string, StoredSession>>): Promise<Record<string, StoredSession>> {
    return settle(async () => {
      const sessions: Record<string, StoredSession> = Object.create(null)
      for await (const [key, entry] of this.#entries()) {
        const session = this.#shown(key, entry)
        if (session) sessions[this.#keys.shown(key)] = session
      }
      return sessions
    }, callback)
  }

  /** How many live sessions there are. */
  override length(callback?: Callback<number>): Promise<number> {
    return settle(async () => {
      let count = 0
      for await (const _ of this.#entries()) count++
      return count
    }, callback)
  }

  /** Ends all sessions of this store's prefix. */
  override clear(callback?: Callback): Promise<void> {
    return settle(async () => {
      for await (const [key] of this.#entries()) await this.backend.remove(key)
    }, callback)
  }

  /**
   * The live sessions of one owner, nearest deadline first; constant work for each of them.
   *
   * @throws TypeError ERR_SESSION_OPTION without the option `owner`
   */
  sessionsOf(owner: string | number, callback?: Callback<OwnedSession[]>): Promise<OwnedSession[]> {
    return settle(async () => {
      const sessions: OwnedSession[] = []
      for (const [key, entry] of await this.#indexed().listed(String(owner))) {
        const body = this.opened(key, entry.body)
        const record = body === undefined ? undefined : parseRecord(body)
        if (record) sessions.push(ownedSession(key, this.#keys, entry, record))
      }
      return sessions
    }, callback)
  }

  /** @returns what `sessionsOf` shows as `fingerprint` for the session of this id, as in `req.session.id` */
  fingerprintOf(sid: string): string {
    return this.#keys.fingerprint(this.#keys.ofShown(sid))
  }

  /** Ends the session of this key, which `sessionsOf` gave. Answers whether it was alive. */
  revoke(key: string, callback?: Callback<boolean>): Promise<boolean> {
    return settle(async () => this.backend.remove(key), callback)
  }

  /**
   * Ends the sessions of one owner, all or all but one. Answers how many.
   *
   * @param options `except`: the id of the session to keep, as in `req.session.id`
   * @throws TypeError ERR_SESSION_OPTION without the option `owner`
   */
  revokeOwner(
    owner: string | number,
    options: { except?: string | undefined } = {},
    callback?: Callback<number>,
  ): Promise<number> {
    return settle(async () => {
      const kept = options.except === undefined ? undefined : this.#keys.ofShown(options.except)
      let ended = 0
      for (const [key] of await this.#indexed().listed(String(owner))) {
        if (key !== kept && (await this.backend.remove(key))) ended++
      }
      return ended
    }, callback)
  }

  /** Ends what the store started and closes what it opened; a client that it was given stays open. */
  close(callback?: Callback): Promise<void> {
    return settle(async () => this.backend.close?.(), callback)
  }

  /** @internal whether nobody has overridden a method that the middleware would otherwise call */
  static isOriginal(store: BackedStore): boolean {
    const { prototype } = BackedStore
    return (
      store.get === prototype.get &&
      store.set === prototype.set &&
      store.destroy === prototype.destroy &&
      store.touch === prototype.touch &&
      store.regenerate === prototype.regenerate &&
      store.createSession === prototype.createSession
    )
  }

  /** @internal the store key of an id that came in a cookie */
  keyOf(id: string): StoreKey {
    return this.#keys.of(id)
  }

  /** @internal what the backend is given for a session */
  entryFor(session: object, text: string, expires: number, reading?: Reading): Entry {
    return {
      body: text,
      expires,
      owner: this.owners?.of(session),
      // Where records are sealed, what is in them does not stand beside.
      reading: this.#sealer ? undefined : reading,
    }
  }

  /** @internal the text that the backend keeps for a record */
  sealed(key: StoreKey, body: string): string {
    return this.#sealer ? this.#sealer.seal(key, body) : body
  }

  /** @internal the record in what the backend keeps; `undefined`: it cannot be opened */
  opened(key: StoreKey, text: string): string | undefined {
    return this.#sealer ? this.#sealer.open(key, text) : text
  }

  #indexed(): Owners {
    return this.owners ?? badOption('owner', 'a function of the session, for this method', undefined)
  }

  #entries(): AsyncIterable<[StoreKey, Entry]> {
    return this.backend.scan?.(this.#keys.prefix) ?? nothing()
  }

  #deadline(session: SessionData): number {
    return cookieEnd(session.cookie?.expires) ?? Date.now() + this.ttlMs
  }

  /**
   * Creates or replaces. Each step is a compare-and-swap, so it ends with this body whatever happens meanwhile. At
   * once where the backend answers at once: `store.set(…)` without a callback is followed by `store.get` in tests.
   */
  #put(key: StoreKey, session: SessionData, body: string): Awaitable<void> {
    const { backend } = this
    const entry = this.entryFor(session, this.sealed(key, body), this.#deadline(session))
    const onto = (seen: Replaced): Awaitable<void> => {
      if (seen === true) return
      if (seen) return whenDone(backend.replace(key, seen.body, entry), onto)
      return whenDone(backend.create(key, entry), (created) => {
        if (!created) return whenDone(backend.read(key), onto)
      })
    }
    return whenDone(backend.read(key), onto)
  }

  /** What a caller sees of a record: its end is where touches have moved it. */
  #shown(key: StoreKey, entry: Entry): StoredSession | null {
    const body = this.opened(key, entry.body)
    const record = body === undefined ? undefined : parseRecord(body)
    if (!record) return null
    const end = cookieEnd(record.cookie['expires'] as string | null)
    if (end !== undefined && Number.isFinite(entry.expires)) {
      record.cookie['expires'] = new Date(Math.max(end, entry.expires)).toISOString()
    }
    return record as unknown as StoredSession
  }
}

async function* nothing(): AsyncGenerator<never> {}
