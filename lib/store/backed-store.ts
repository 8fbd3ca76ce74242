import { badOption } from '../core/errors'
import { cookieEnd } from '../core/expiry'
import { type Data, parseRecord } from '../core/record'
import type { SessionData } from '../session/session'
import { type Callback, settle, whenDone } from '../session/settle'
import { Store } from '../session/store'
import type { Awaitable, Backend, Entry, Replaced, StoreKey } from './backend'

export interface BackedStoreOptions {
  /** Put before each id to make the store key. Default: the store's own. */
  prefix?: string | undefined
  /** Milliseconds that a session is kept whose cookie ends with the browser. Default: the store's own. */
  ttl?: number | undefined
}

/** A record of `all()`: what `set` was given, as JSON brought it back. */
export type StoredSession = SessionData & Data

/**
 * The one class that joins the two contracts: the public store of express-session in front, a `Backend` behind.
 * Its methods take a callback or return a promise.
 */
export class BackedStore extends Store {
  /** @internal */
  readonly backend: Backend
  /** @internal */
  readonly ttlMs: number
  readonly #prefix: string

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  constructor(backend: Backend, options: BackedStoreOptions = {}) {
    super()
    const { prefix = '', ttl = Number.POSITIVE_INFINITY } = options
    if (typeof prefix !== 'string') badOption('prefix', 'a string', prefix)
    if (typeof ttl !== 'number' || !(ttl > 0)) badOption('ttl', 'milliseconds as a positive number', ttl)
    this.backend = backend
    this.ttlMs = ttl
    this.#prefix = prefix
    backend.watch?.(
      (cause) => this.emit('disconnect', cause),
      () => this.emit('connect'),
    )
  }

  override get(sid: string, callback?: Callback<StoredSession | null>): Promise<StoredSession | null> {
    return settle(async () => {
      const key = this.keyOf(sid)
      const entry = await this.backend.read(key)
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
    return settle(() => this.#put(this.keyOf(sid), session, body), callback)
  }

  override destroy(sid: string, callback?: Callback): Promise<void> {
    return settle(async () => {
      await this.backend.remove(this.keyOf(sid))
    }, callback)
  }

  override touch(sid: string, session: SessionData, callback?: Callback): Promise<void> {
    return settle(async () => {
      await this.backend.extend(this.keyOf(sid), this.#deadline(session))
    }, callback)
  }

  /** All live sessions by id, in a map without a prototype. */
  override all(callback?: Callback<Record<string, StoredSession>>): Promise<Record<string, StoredSession>> {
    return settle(async () => {
      const sessions: Record<string, StoredSession> = Object.create(null)
      for await (const [key, entry] of this.#entries()) {
        const session = this.#shown(key, entry)
        if (session) sessions[this.idOf(key)] = session
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

  /** @internal */
  keyOf(sid: string): StoreKey {
    return this.#prefix + sid
  }

  /** @internal */
  idOf(key: StoreKey): string {
    return key.slice(this.#prefix.length)
  }

  /** @internal what the backend is given for a session */
  entryFor(_session: SessionData, text: string, expires: number): Entry {
    return { body: text, expires }
  }

  /** @internal the text that the backend keeps for a record */
  sealed(_key: StoreKey, body: string): string {
    return body
  }

  /** @internal the record in what the backend keeps; `undefined`: it cannot be opened */
  opened(_key: StoreKey, text: string): string | undefined {
    return text
  }

  #entries(): AsyncIterable<[StoreKey, Entry]> {
    return this.backend.scan?.(this.#prefix) ?? nothing()
  }

  #deadline(session: SessionData): number {
    const now = Date.now()
    return cookieEnd(session.cookie?.expires) ?? now + this.ttlMs
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
