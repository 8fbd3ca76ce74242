import type { StoreKey } from '../backend/contract'
import { isPromise } from '../base/async'
import type { WatchEvent, WatchListener } from './watch'

/** Whom a watcher listens for: the session of a key, the sessions of an owner, or all. */
export type WatcherScope = { readonly key: StoreKey } | { readonly owner: string } | 'all'

export class Watcher {
  constructor(
    readonly scope: WatcherScope,
    readonly listener: WatchListener,
  ) {}
}

/** Those who watch, by what they watch. */
export class Watchers {
  readonly #byKey = new Map<StoreKey, Set<Watcher>>()
  readonly #byOwner = new Map<string, Set<Watcher>>()
  readonly #all = new Set<Watcher>()
  readonly #failed: (error: unknown) => void

  /** @param failed told of what a listener throws, or rejects with */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  get isEmpty(): boolean {
    return this.#byKey.size + this.#byOwner.size + this.#all.size === 0
  }

  get watchesAll(): boolean {
    return this.#all.size > 0
  }

  keys(): Iterable<StoreKey> {
    return this.#byKey.keys()
  }

  owners(): Iterable<string> {
    return this.#byOwner.keys()
  }

  watchesKey(key: StoreKey): boolean {
    return this.#byKey.has(key)
  }

  watchesOwner(owner: string | undefined): boolean {
    return owner !== undefined && this.#byOwner.has(owner)
  }

  /** Whether a session of which nothing is known may concern anybody. */
  mayConcern(key: StoreKey): boolean {
    return this.#all.size > 0 || this.#byOwner.size > 0 || this.#byKey.has(key)
  }

  add(watcher: Watcher): void {
    const { scope } = watcher
    if (scope === 'all') this.#all.add(watcher)
    else if ('key' in scope) addTo(this.#byKey, scope.key, watcher)
    else addTo(this.#byOwner, scope.owner, watcher)
  }

  /** @returns whether it was there */
  remove(watcher: Watcher): boolean {
    const { scope } = watcher
    if (scope === 'all') return this.#all.delete(watcher)
    if ('key' in scope) return removeFrom(this.#byKey, scope.key, watcher)
    return removeFrom(this.#byOwner, scope.owner, watcher)
  }

  /** The session of this key has ended, and with it the watches of it alone. */
  endKey(key: StoreKey): void {
    this.#byKey.delete(key)
  }

  clear(): void {
    this.#byKey.clear()
    this.#byOwner.clear()
    this.#all.clear()
  }

  /**
   * @param before whose the session was
   * @param asCreated the event for those who watch an owner that it has just got
   */
  tell(key: StoreKey, event: WatchEvent, before: string | undefined, asCreated: WatchEvent): void {
    const { owner } = event
    const ofKey = this.#byKey.get(key)
    // Copies: a listener may stop itself or begin to watch something else.
    for (const watcher of ofKey ? [...ofKey] : []) this.#call(watcher, event)
    if (this.#byOwner.size > 0) {
      const isNew = owner !== before && event.type === 'changed'
      this.#tellOwner(owner, isNew ? asCreated : event)
      if (owner !== before) this.#tellOwner(before, event)
    }
    for (const watcher of [...this.#all]) this.#call(watcher, event)
  }

  #tellOwner(owner: string | undefined, event: WatchEvent): void {
    const watching = owner === undefined ? undefined : this.#byOwner.get(owner)
    for (const watcher of watching ? [...watching] : []) this.#call(watcher, event)
  }

  #call(watcher: Watcher, event: WatchEvent): void {
    try {
      const answer = watcher.listener(event)
      if (isPromise(answer)) answer.then(undefined, this.#failed)
    } catch (error) {
      this.#failed(error)
    }
  }
}

function addTo<K>(map: Map<K, Set<Watcher>>, key: K, watcher: Watcher): void {
  const set = map.get(key)
  if (set) set.add(watcher)
  else map.set(key, new Set([watcher]))
}

function removeFrom<K>(map: Map<K, Set<Watcher>>, key: K, watcher: Watcher): boolean {
  const set = map.get(key)
  if (!set?.delete(watcher)) return false
  if (set.size === 0) map.delete(key)
  return true
}
