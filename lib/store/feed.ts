import type { Backend, Entry, StoreKey } from '../backend/contract'
import type { KeyNews, News } from '../backend/news'
import { type Awaitable, ignore } from '../base/async'
import { systemClock } from '../base/clock'
import { badOption, SessionError } from '../base/errors'
import { Repeat } from '../base/repeat'
import { isSameBody, type Known, KnownSessions } from './known-sessions'
import { NewsQueue } from './news-queue'
import type { WatchEvent, WatchListener } from './watch'
import { Watcher, type WatcherScope, Watchers } from './watchers'

/** What a feed needs of the store whose sessions it watches. */
export interface FeedStore {
  readonly backend: Backend
  readonly prefix: string
  /** Whether what stands under a key is a session, and no note that one was ended. */
  isSession(key: StoreKey, entry: Entry): boolean
  ownerOf(key: StoreKey, entry: Entry): string | undefined
  event(key: StoreKey, what: Happened): WatchEvent
  listenerFailed(error: unknown): void
}

/** What has become of a session. */
export interface Happened {
  readonly type: WatchEvent['type']
  readonly owner: string | undefined
  readonly ending?: KeyNews['ending'] | undefined
  /** The record: as it is, or as it was before it ended. */
  readonly body: string | undefined
}

/** Where a backend tells nothing, what is watched is looked at as often. */
const POLL_MS = 1000
const CANNOT_FOLLOW =
  'this store cannot tell of all sessions: its backend, or its client, does not tell of changes; watch sessions or owners'

function closed(): SessionError {
  return new SessionError('ERR_SESSION_CLOSED', 'the store has been closed')
}

/**
 * Tells those who watch what becomes of sessions, from whichever process. The backend says of which keys there is news;
 * what the news are is found out here, by reading them and comparing with what was known: so nothing depends on how
 * often, or in which order, a backend tells.
 */
export class Feed {
  readonly #store: FeedStore
  readonly #watchers: Watchers
  readonly #queue: NewsQueue
  readonly #known = new KnownSessions((key) => this.#queue.add({ key, ended: false }))
  #source: Promise<() => Awaitable<void>> | undefined
  #closed = false

  constructor(store: FeedStore) {
    this.#store = store
    this.#watchers = new Watchers((error) => store.listenerFailed(error))
    this.#queue = new NewsQueue({
      read: (key) => store.backend.read(key),
      found: (news, entry) => this.#compare(news, entry),
      readAgain: (missed) => this.#readAgain(missed),
    })
  }

  /**
   * @returns when the watch is in force, what ends it
   * @throws SessionError ERR_SESSION_CLOSED, ERR_SESSION_STORE, ERR_SESSION_USAGE
   */
  async watch(scope: WatcherScope, listener: WatchListener): Promise<() => void> {
    if (this.#closed) throw closed()
    const watcher = new Watcher(scope, listener)
    this.#watchers.add(watcher)
    this.#queue.hold()
    try {
      await this.#follow(scope)
      await this.#begin(scope)
      if (this.#closed) throw closed()
    } catch (error) {
      this.#stop(watcher)
      throw error
    } finally {
      this.#queue.release()
    }
    return () => this.#stop(watcher)
  }

  /** Whoever watches is told nothing more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#watchers.clear()
    await this.#unfollow()
  }

  #follow(scope: WatcherScope): Promise<unknown> {
    const { backend, prefix } = this.#store
    if (scope === 'all' && !(backend.follow && backend.scan)) {
      throw new SessionError('ERR_SESSION_USAGE', CANNOT_FOLLOW)
    }
    if (!this.#source) {
      const listener = (news: News) => this.#hear(news)
      const source = (async () => backend.follow?.(prefix, listener) ?? this.#poll())()
      this.#source = source
      // The next one tries again.
      source.catch(() => {
        if (this.#source === source) this.#source = undefined
      })
    }
    return this.#source
  }

  #poll(): () => void {
    const repeat = new Repeat({ intervalMs: POLL_MS, work: async () => void this.#hear('gap') })
    return () => repeat.stop()
  }

  async #unfollow(): Promise<void> {
    const source = this.#source
    this.#source = undefined
    this.#known.clear()
    this.#queue.clear()
    const stop = await source?.catch(() => undefined)
    await stop?.()
  }

  #stop(watcher: Watcher): void {
    if (!this.#watchers.remove(watcher)) return
    if (this.#watchers.isEmpty) this.#unfollow().catch(ignore)
    else if (watcher.scope !== 'all' && 'key' in watcher.scope) this.#forget(watcher.scope.key)
    else for (const key of this.#known.keys()) this.#forget(key)
  }

  #forget(key: StoreKey): void {
    if (!this.#isWatched(key, this.#known.get(key)?.owner)) this.#known.delete(key)
  }

  #isWatched(key: StoreKey, owner: string | undefined): boolean {
    const watchers = this.#watchers
    return watchers.watchesAll || watchers.watchesKey(key) || watchers.watchesOwner(owner)
  }

  /** What is there already is not told. */
  async #begin(scope: WatcherScope): Promise<void> {
    const { backend, prefix } = this.#store
    if (scope === 'all') {
      for await (const [key, entry] of backend.scan?.(prefix) ?? []) this.#meet(key, entry)
    } else if ('owner' in scope) {
      if (!backend.ownedBy) badOption('owner', 'undefined: this backend keeps no index of owners', scope)
      for (const [key, entry] of await backend.ownedBy(scope.owner)) this.#meet(key, entry)
    } else {
      const entry = await backend.read(scope.key)
      if (entry) this.#meet(scope.key, entry)
    }
  }

  #meet(key: StoreKey, entry: Entry): void {
    const known = this.#known.get(key)
    // What was known has been compared already; if this is another, there is news of it, or will be.
    if (known && (known.body !== undefined || !isSameBody(known, entry.body))) return
    if (key.startsWith(this.#store.prefix) && this.#store.isSession(key, entry)) this.#put(key, entry)
  }

  /** @returns whose it is */
  #put(key: StoreKey, entry: Entry): string | undefined {
    const owner = this.#store.ownerOf(key, entry)
    const keepsBody = this.#watchers.watchesKey(key) || this.#watchers.watchesOwner(owner)
    if (this.#isWatched(key, owner)) this.#known.put(key, entry, owner, keepsBody)
    else this.#known.delete(key)
    return owner
  }

  #hear(news: News): void {
    if (news === 'gap') this.#queue.addGap()
    else if (this.#known.has(news.key) || this.#watchers.mayConcern(news.key)) this.#queue.add(news)
  }

  /** Finds what has changed since without a word. */
  async #readAgain(missed: (key: StoreKey) => void): Promise<void> {
    const { backend, prefix } = this.#store
    if (this.#watchers.watchesAll) {
      const met = new Set<StoreKey>()
      for await (const [key, entry] of backend.scan?.(prefix) ?? []) {
        const known = this.#known.get(key)
        if (known && isSameBody(known, entry.body)) met.add(key)
        else missed(key)
      }
      for (const key of this.#known.keys()) if (!met.has(key)) missed(key)
      return
    }
    for (const key of this.#known.keys()) missed(key)
    for (const key of this.#watchers.keys()) missed(key)
    for (const owner of this.#watchers.owners()) {
      for (const [key] of (await backend.ownedBy?.(owner)) ?? []) missed(key)
    }
  }

  #compare(news: KeyNews, found: Entry | undefined): void {
    const { key } = news
    const entry = found && this.#store.isSession(key, found) ? found : undefined
    let known = this.#known.get(key)
    if (known && (!entry || news.ended)) {
      this.#known.delete(key)
      this.#tellEnd(news, known)
      known = undefined
    }
    if (!entry || !(known || this.#watchers.mayConcern(key))) return
    if (known && isSameBody(known, entry.body)) {
      this.#known.move(key, known, entry.expires)
      return
    }
    const before = known?.owner
    const owner = this.#put(key, entry)
    // One of an owner whom nobody watches.
    if (!known && !this.#known.has(key)) return
    this.#tell(key, { type: known ? 'changed' : 'created', owner, body: entry.body }, before)
  }

  #tellEnd({ key, ending, last }: KeyNews, { body, expires, owner }: Known): void {
    const because = expires <= systemClock() ? 'expired' : 'destroyed'
    const was = { type: 'ended', owner, ending: ending ?? { because }, body: last?.body ?? body } as const
    this.#tell(key, was, owner)
  }

  #tell(key: StoreKey, what: Happened, before: string | undefined): void {
    const event = this.#store.event(key, what)
    const asCreated = what.type === 'changed' ? this.#store.event(key, { ...what, type: 'created' }) : event
    this.#watchers.tell(key, event, before, asCreated)
    if (what.type !== 'ended') return
    this.#watchers.endKey(key)
    if (this.#watchers.isEmpty) this.#unfollow().catch(ignore)
  }
}
