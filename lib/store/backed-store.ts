import type { Backend, Entry, StoreKey } from '../backend/contract'
import { type Awaitable, type Callback, settle, whenDone } from '../base/async'
import { systemClock } from '../base/clock'
import { badOption } from '../base/errors'
import type { EndReason } from '../base/events'
import { limitConcurrency } from '../base/limit-concurrency'
import { cookieEnd } from '../record/expiry'
import type { SessionData } from '../session/session'
import { Store } from '../session/store'
import { KeyRing } from './keys'
import { Lifecycle } from './lifecycle'
import { Migration } from './migration'
import { type BackedStoreOptions, checkBackedOptions, type StoredSession } from './options'
import { isOriginal } from './ours'
import { type OwnedSession, Owners, type RevokeOptions } from './owners'
import { STORE, STORE_PROTOCOL } from './protocol'
import { putSession } from './put-session'
import { storedSession } from './stored-session'
import type { WatchListener, WatchTarget } from './watch'
import { Watching } from './watching'

export { type BackedStoreOptions, checkNames, type StoredSession, splitBackedOptions } from './options'

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
  readonly seals: boolean
  /** @internal */
  readonly owners: Owners | undefined
  /** @internal where sessions stand that this store has not taken over yet */
  readonly migration: Migration | undefined
  /** @internal */
  readonly keys: KeyRing
  /** @internal */
  readonly lifecycle = new Lifecycle()
  readonly #sealer: BackedStoreOptions['seal']
  readonly #watching: Watching

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  constructor(backend: Backend, options: BackedStoreOptions = {}) {
    super()
    const { prefix = '', ttl = Infinity, hashIds = false } = options
    checkBackedOptions(options)
    this.backend = backend
    this.ttlMs = ttl
    this.keys = new KeyRing(prefix, hashIds)
    this.#sealer = options.seal
    this.seals = options.seal !== undefined
    this.owners = options.owner || options.maxPerOwner ? new Owners(backend, options, this) : undefined
    this.migration = Migration.of(this, options, (id) => this.keys.plain(id))
    this.#watching = new Watching(this, this.migration !== undefined)
    backend.watch?.(
      (cause) => this.emit('disconnect', cause),
      () => this.emit('connect'),
    )
  }

  override get(sid: string, callback?: Callback<StoredSession | null>): Promise<StoredSession | null> {
    return settle(async () => {
      const key = this.keys.ofShown(sid)
      const entry = await this.#migrated(sid, key)
      return entry ? this.#shown(key, entry) : null
    }, callback)
  }

  override set(sid: string, session: SessionData, callback?: Callback): Promise<void> {
    return settle(() => {
      // The text is taken now: what the caller changes after `set` returned belongs to the next one.
      const body = JSON.stringify(session)
      const key = this.keys.ofShown(sid)
      const put = () => putSession(this, key, session, body, this.#deadline(session))
      return this.migration ? this.#migrated(sid, key).then(put) : put()
    }, callback)
  }

  override destroy(sid: string, callback?: Callback): Promise<void> {
    return settle(async () => {
      const key = this.keys.ofShown(sid)
      if (!this.migration || this.keys.isHandle(sid)) await this.end(key, 'destroyed')
      else if (await this.migration.destroy(sid, { because: 'destroyed' })) this.#tellEnd(key, 'destroyed')
    }, callback)
  }

  override touch(sid: string, session: SessionData, callback?: Callback): Promise<void> {
    return settle(async () => {
      const key = this.keys.ofShown(sid)
      const deadline = this.#deadline(session)
      if (this.migration) await this.#migrated(sid, key)
      await this.backend.extend(key, deadline)
    }, callback)
  }

  /** All live sessions by id (a handle where ids are hashed), in a map without a prototype. */
  override all(callback?: Callback<Record<string, StoredSession>>): Promise<Record<string, StoredSession>> {
    return settle(async () => {
      const sessions: Record<string, StoredSession> = Object.create(null)
      for await (const [key, entry] of this.#entries()) {
        const session = this.#shown(key, entry)
        if (session) sessions[this.keys.shown(key)] = session
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
    return settle(() => limitConcurrency(this.#entries(), ([key]) => this.end(key, 'cleared')), callback)
  }

  /**
   * The live sessions of one owner, nearest deadline first; constant work for each of them.
   *
   * @throws TypeError ERR_SESSION_OPTION without the option `owner`
   */
  sessionsOf(owner: string | number, callback?: Callback<OwnedSession[]>): Promise<OwnedSession[]> {
    return settle(async () => this.#indexed().sessions(String(owner)), callback)
  }

  /** @returns what `sessionsOf` shows as `fingerprint` for the session of this id, as in `req.session.id` */
  fingerprintOf(sid: string): string {
    return this.keys.fingerprint(this.keys.ofShown(sid))
  }

  /** Ends the session of this key, which `sessionsOf` gave. Answers whether it was alive. */
  revoke(key: string, callback?: Callback<boolean>): Promise<boolean> {
    return settle(async () => this.end(key, 'revoked'), callback)
  }

  /**
   * Ends the sessions of one owner: all, all but one, or one. Answers how many.
   *
   * @param options `except`: the id of the session to keep, as in `req.session.id`; `only`: the fingerprint of the one to
   * end, as `sessionsOf` showed it
   * @throws TypeError ERR_SESSION_OPTION without the option `owner`
   */
  revokeOwner(
    owner: string | number,
    options: RevokeOptions = {},
    callback?: Callback<number>,
  ): Promise<number> {
    return settle(async () => this.#indexed().revoke(String(owner), options), callback)
  }

  /**
   * Tells of the sessions of this store, whichever process has made, changed or ended them: `{ session: id }`, `{ owner }`
   * or `{ all: true }`. Resolves when the watch is in force, with what ends it: what any process is acknowledged after
   * that is told. The watch of one session ends with it. What a listener throws is the event `watchError`.
   *
   * @throws TypeError ERR_SESSION_OPTION for another target, and for an owner without the option `owner`
   * @throws SessionError ERR_SESSION_USAGE for `{ all: true }` where the backend or its client cannot tell of changes
   * @throws SessionError ERR_SESSION_CLOSED, ERR_SESSION_STORE
   */
  watch(target: WatchTarget, listener: WatchListener): Promise<() => void> {
    return settle(async () => this.#watching.watch(target, listener))
  }

  /** Ends what the store started and closes what it opened; a client that it was given stays open. */
  close(callback?: Callback): Promise<void> {
    return settle(() => this.#watching.close().then(() => this.backend.close?.()), callback)
  }

  /** @internal the store key of an id that came in a cookie */
  keyOf(id: string): StoreKey {
    return this.keys.of(id)
  }

  /** @internal what the backend is given for a session */
  entryFor(session: object, text: string, expires: number): Entry {
    return { body: text, expires, owner: this.owners?.of(session) }
  }

  /** @internal the text that the backend keeps for a record */
  sealed(key: StoreKey, body: string): string {
    return this.#sealer ? this.#sealer.seal(key, body) : body
  }

  /** @internal the record in what the backend keeps; `undefined`: it cannot be opened */
  opened(key: StoreKey, text: string): string | undefined {
    return this.#sealer ? this.#sealer.open(key, text) : text
  }

  /** @internal Ends the session of a key, and tells why, if that is given. Answers whether it was alive. */
  end(key: StoreKey, because?: EndReason): Awaitable<boolean> {
    const ending = because && { because }
    const ended = this.migration ? this.migration.end(key, ending) : this.backend.remove(key, ending)
    return whenDone(ended, (alive) => {
      if (alive && because) this.#tellEnd(key, because)
      return alive
    })
  }

  /** @internal */
  get [STORE](): number {
    return STORE_PROTOCOL
  }

  /** @internal */
  isOriginal(): boolean {
    return isOriginal(this, BackedStore.prototype)
  }

  #tellEnd(key: StoreKey, because: EndReason): void {
    this.lifecycle.tell('destroyed', () => ({ session: this.keys.fingerprint(key), because }))
  }

  /** What stands under a key, after it was taken over if it stood elsewhere. */
  async #migrated(sid: string, key: StoreKey): Promise<Entry | undefined> {
    const entry = await this.backend.read(key)
    const { migration } = this
    // A handle is no id, and its session has been here at least once; what is left to do its next request does.
    if (!migration || this.keys.isHandle(sid) || !migration.concerns(key, entry)) return entry
    return migration.take(sid, entry)
  }

  #indexed(): Owners {
    return this.owners ?? badOption('owner', 'a function of the session, for this method', undefined)
  }

  #entries(): AsyncIterable<[StoreKey, Entry]> | [] {
    return this.backend.scan?.(this.keys.prefix) ?? []
  }

  #deadline(session: SessionData): number {
    return cookieEnd(session.cookie?.expires) ?? systemClock() + this.ttlMs
  }

  #shown(key: StoreKey, entry: Entry): StoredSession | null {
    const body = this.opened(key, entry.body)
    return body === undefined ? null : storedSession(body, entry.expires)
  }
}
