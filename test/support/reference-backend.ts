import type { Backend, Entry, Replaced, StoreKey } from '../../lib/backend/contract'
import { Followers } from '../../lib/backend/followers'
import type { Ending, NewsListener } from '../../lib/backend/news'
import type { Awaitable } from '../../lib/base/async'
import { SessionError } from '../../lib/base/errors'
import type { BackendCapability, BackendHandle } from '../../lib/conformance/backend/context'

/** What several backends share, as processes share a server. */
export class ReferenceData {
  readonly entries = new Map<StoreKey, Entry>()
  readonly followers = new Followers()
  readonly watchers = new Set<{ onDown: () => void; onUp: () => void }>()
  time = 1_700_000_000_000
  #down = false

  get down(): boolean {
    return this.#down
  }

  set down(down: boolean) {
    this.#down = down
    for (const { onDown, onUp } of this.watchers) (down ? onDown : onUp)()
    if (!down) this.followers.tellGap()
  }
}

/** The contract in the plainest words there are: what the suite is held against. Keeps its dead until `prune`. */
export class ReferenceBackend implements Backend {
  protected closed = false

  constructor(protected readonly data = new ReferenceData()) {}

  read(key: StoreKey): Awaitable<Entry | undefined> {
    return this.live(key)
  }

  create(key: StoreKey, entry: Entry): Awaitable<boolean> {
    if (this.live(key)) return false
    this.write(key, entry)
    return true
  }

  replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Awaitable<Replaced> {
    const standing = this.live(key)
    if (standing?.body !== seen) return standing
    this.write(key, entry, ending)
    return true
  }

  remove(key: StoreKey, ending?: Ending): Awaitable<boolean> {
    if (!this.live(key)) return false
    this.data.entries.delete(key)
    this.tell(key, ending)
    return true
  }

  extend(key: StoreKey, expires: number): Awaitable<boolean> {
    const standing = this.live(key)
    if (standing === undefined) return false
    this.write(key, { ...standing, expires })
    return true
  }

  async *scan(prefix = ''): AsyncGenerator<[StoreKey, Entry]> {
    this.mustWork()
    for (const key of [...this.data.entries.keys()]) {
      const entry = key.startsWith(prefix) ? this.live(key) : undefined
      if (entry) yield [key, entry]
    }
  }

  ownedBy(owner: string): Awaitable<Array<[StoreKey, Entry]>> {
    this.mustWork()
    const found: Array<[StoreKey, Entry]> = []
    for (const [key, entry] of this.data.entries)
      if (entry.owner === owner && this.live(key)) found.push([key, entry])
    return found.sort(([, a], [, b]) => (a.expires === b.expires ? 0 : a.expires - b.expires))
  }

  follow(prefix: string, listener: NewsListener): Awaitable<() => Awaitable<void>> {
    this.mustWork()
    return this.data.followers.add(prefix, listener)
  }

  protected tell(key: StoreKey, ending?: Ending): void {
    this.data.followers.tell({ key, ended: !this.live(key), ending })
  }

  prune(now: number): Awaitable<number> {
    this.mustWork()
    const dead = [...this.data.entries].filter(([, entry]) => entry.expires <= now)
    for (const [key] of dead) this.data.entries.delete(key)
    return dead.length
  }

  close(): Awaitable<void> {
    this.closed = true
  }

  watch(onDown: () => void, onUp: () => void): void {
    this.data.watchers.add({ onDown, onUp })
  }

  protected live(key: StoreKey): Entry | undefined {
    this.mustWork()
    const entry = this.data.entries.get(key)
    return entry !== undefined && entry.expires > this.data.time ? { ...entry } : undefined
  }

  protected write(key: StoreKey, { body, expires, owner }: Entry, ending?: Ending): void {
    this.data.entries.set(key, { body, expires, owner })
    this.tell(key, ending)
  }

  protected mustWork(): void {
    if (this.closed) throw new SessionError('ERR_SESSION_CLOSED', 'the store has been closed')
    if (this.data.down)
      throw new SessionError('ERR_SESSION_STORE', 'no connection', { cause: new Error('cable cut') })
  }
}

export const REFERENCE_CAPABILITIES = [
  ...[
    'scan',
    'owners',
    'prune',
    'close',
    'watch',
    'follow',
    'shared',
    'durable',
    'faults',
    'givenClient',
    'anyBody',
  ],
] as BackendCapability[]

/** A fresh one (or one of a subclass that lies) for each case, with every capability there is. */
export function referenceHandle(Kind: typeof ReferenceBackend = ReferenceBackend): BackendHandle {
  const data = new ReferenceData()
  return {
    backend: new Kind(data),
    clock: {
      now: () => data.time,
      advance: (ms) => {
        data.time += ms
      },
    },
    patienceMs: 50,
    reopen: () => new Kind(data),
    break: () => {
      data.down = true
    },
    mend: () => {
      data.down = false
    },
    clientWorks: () => !data.down,
  }
}
