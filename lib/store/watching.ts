import type { Backend, Entry, StoreKey } from '../backend/contract'
import { badOption } from '../base/errors'
import { warnOnce } from '../base/warnings'
import { type Data, dataOf, parseRecord } from '../record/text'
import { Feed, type FeedStore, type Happened } from './feed'
import type { KeyRing } from './keys'
import { mayHaveStage, stageOf } from './migration-stage'
import type { Owners } from './owners'
import { scopeOf, type WatchEvent, type WatchListener } from './watch'

/** The store, as far as its feed asks it. */
export interface WatchedStore {
  readonly backend: Backend
  readonly keys: KeyRing
  readonly owners: Owners | undefined
  /** The record in what the backend keeps; `undefined`: it cannot be opened. */
  opened(key: StoreKey, text: string): string | undefined
  emit(name: string, ...values: unknown[]): boolean
}

/** `store.watch`: the feed in the words of the public store, with fingerprints and data for keys and records. */
export class Watching implements FeedStore {
  readonly backend: Backend
  readonly prefix: string
  readonly #store: WatchedStore
  readonly #mayHaveStages: boolean
  readonly #feed: Feed

  /** @param mayHaveStages whether records of a migration may stand among the sessions */
  constructor(store: WatchedStore, mayHaveStages: boolean) {
    this.backend = store.backend
    this.prefix = store.keys.prefix
    this.#store = store
    this.#mayHaveStages = mayHaveStages
    this.#feed = new Feed(this)
  }

  /** @throws TypeError ERR_SESSION_OPTION; SessionError as `Feed.watch` */
  watch(target: unknown, listener: WatchListener): Promise<() => void> {
    const scope = scopeOf(target)
    if (typeof listener !== 'function') badOption('listener', 'a function', listener)
    if (scope === 'all') return this.#feed.watch(scope, listener)
    if ('session' in scope)
      return this.#feed.watch({ key: this.#store.keys.ofShown(scope.session) }, listener)
    if (!this.#store.owners) badOption('owner', 'a function of the session, for this method', undefined)
    return this.#feed.watch(scope, listener)
  }

  close(): Promise<void> {
    return this.#feed.close()
  }

  isSession(key: StoreKey, entry: Entry): boolean {
    if (!this.#mayHaveStages) return true
    const text = this.#store.opened(key, entry.body)
    return text === undefined || !mayHaveStage(text) || stageOf(parseRecord(text)) !== 'ended'
  }

  ownerOf(key: StoreKey, entry: Entry): string | undefined {
    const { owners } = this.#store
    if (!owners || entry.owner !== undefined) return entry.owner
    const record = this.#record(key, entry.body)
    try {
      return record && owners.of(record)
    } catch {
      // Of a record that another version of the application has written.
      return undefined
    }
  }

  event(key: StoreKey, { type, owner, ending, body }: Happened): WatchEvent {
    const { keys } = this.#store
    const successor = ending?.successor === undefined ? undefined : keys.fingerprint(ending.successor)
    const read = () => (body === undefined ? undefined : this.#record(key, body))
    return new Told(type, keys.fingerprint(key), owner, ending?.because, successor, read)
  }

  listenerFailed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    warnOnce('SOJOURN_WATCH', `a listener of store.watch has thrown, it is told on: ${reason}`)
    this.#store.emit('watchError', error)
  }

  #record(key: StoreKey, body: string): (Data & { cookie: Data }) | undefined {
    const text = this.#store.opened(key, body)
    return text === undefined ? undefined : parseRecord(text)
  }
}

class Told implements WatchEvent {
  readonly #read: () => Data | undefined
  #data: Data | undefined

  constructor(
    readonly type: WatchEvent['type'],
    readonly fingerprint: string,
    readonly owner: string | undefined,
    readonly because: WatchEvent['because'],
    readonly successor: string | undefined,
    read: () => Data | undefined,
  ) {
    this.#read = read
  }

  get data(): Data | undefined {
    if (!this.#data) {
      const record = this.#read()
      this.#data = record && dataOf(record, 'cookie')
    }
    return this.#data
  }
}
