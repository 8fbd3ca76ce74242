import { systemClock } from '../../base/clock'
import { timers } from '../../base/timers'
import type { Backend, Entry, Replaced, StoreKey } from '../contract'
import type { Ending } from '../news'
import { LATE_MS, type TrackedReader } from './tracked'

/** What an entry costs besides its text: the map's slot, the object, the string headers. */
const OVERHEAD_BYTES = 200

/**
 * Keeps sessions that were read in this process until the server says that they have changed, so that a hot
 * session costs no round trip.
 *
 * What is read counts only if no word of a change came between question and answer: that is what the tickets are
 * for. What this process writes itself is forgotten before and after, without waiting for the server to say so.
 */
export class NearCache implements Backend {
  readonly #inner: Backend
  readonly #reader: TrackedReader
  readonly #maxBytes: number
  /** In order of use. */
  readonly #entries = new Map<StoreKey, Entry>()
  readonly #tickets = new Map<StoreKey, object>()
  #bytes = 0
  readonly scan?: NonNullable<Backend['scan']>
  readonly ownedBy?: NonNullable<Backend['ownedBy']>
  readonly follow?: NonNullable<Backend['follow']>
  readonly watch?: NonNullable<Backend['watch']>

  constructor(
    inner: Backend,
    openReader: (onStale: (key?: StoreKey) => void) => TrackedReader,
    maxBytes: number,
  ) {
    this.#inner = inner
    this.#maxBytes = maxBytes
    this.#reader = openReader((key) => (key === undefined ? this.#forgetAll() : this.#forget(key)))
    if (inner.scan) this.scan = inner.scan.bind(inner)
    if (inner.ownedBy) this.ownedBy = inner.ownedBy.bind(inner)
    const { follow } = inner
    if (follow) {
      this.follow = (prefix, listener) =>
        follow.call(inner, prefix, (news) => {
          // The word of it may come earlier here than on the reader's connection.
          if (news === 'gap') this.#forgetAll()
          else this.#forget(news.key)
          listener(news)
        })
    }
    if (inner.watch) this.watch = inner.watch.bind(inner)
  }

  read(key: StoreKey): Entry | undefined | Promise<Entry | undefined> {
    const entry = this.#entries.get(key)
    if (entry && this.#reader.isHeard) {
      if (entry.expires <= systemClock()) return undefined
      this.#entries.delete(key)
      this.#entries.set(key, entry)
      return entry
    }
    return this.#fetch(key)
  }

  /** When the tracked connection fails or is late, the other one is asked as well, and the first answer counts. */
  async #fetch(key: StoreKey): Promise<Entry | undefined> {
    if (!this.#reader.isReady) return this.#inner.read(key)
    return new Promise((resolve, reject) => {
      let asked = false
      const askElsewhere = async (): Promise<void> => {
        timers.clearTimeout(late)
        if (asked) return
        asked = true
        try {
          resolve(await this.#inner.read(key))
        } catch (error) {
          reject(error)
        }
      }
      const late = timers.setTimeout(askElsewhere, LATE_MS)
      const answered = (entry: Entry | undefined): void => {
        timers.clearTimeout(late)
        resolve(entry)
      }
      this.#readTracked(key).then(answered, askElsewhere)
    })
  }

  async #readTracked(key: StoreKey): Promise<Entry | undefined> {
    const ticket = {}
    this.#tickets.set(key, ticket)
    try {
      const entry = await this.#reader.read(key)
      if (entry && this.#tickets.get(key) === ticket) this.#keep(key, entry)
      return entry
    } finally {
      if (this.#tickets.get(key) === ticket) this.#tickets.delete(key)
    }
  }

  async create(key: StoreKey, entry: Entry): Promise<boolean> {
    return this.#writing(key, () => this.#inner.create(key, entry))
  }

  async replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Promise<Replaced> {
    return this.#writing(key, () => this.#inner.replace(key, seen, entry, ending))
  }

  async remove(key: StoreKey, ending?: Ending): Promise<boolean> {
    return this.#writing(key, () => this.#inner.remove(key, ending))
  }

  async extend(key: StoreKey, expires: number): Promise<boolean> {
    return this.#writing(key, () => this.#inner.extend(key, expires))
  }

  async close(): Promise<void> {
    this.#forgetAll()
    await Promise.all([this.#reader.close(), this.#inner.close?.()])
  }

  async #writing<T>(key: StoreKey, write: () => T | Promise<T>): Promise<T> {
    this.#forget(key)
    try {
      return await write()
    } finally {
      this.#forget(key)
    }
  }

  #keep(key: StoreKey, entry: Entry): void {
    this.#drop(key)
    this.#entries.set(key, entry)
    this.#bytes += costOf(key, entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.#drop(oldest)
    }
  }

  #drop(key: StoreKey): void {
    const entry = this.#entries.get(key)
    if (entry && this.#entries.delete(key)) this.#bytes -= costOf(key, entry)
  }

  #forget(key: StoreKey): void {
    this.#tickets.delete(key)
    this.#drop(key)
  }

  #forgetAll(): void {
    this.#tickets.clear()
    this.#entries.clear()
    this.#bytes = 0
  }
}

function costOf(key: StoreKey, { body }: Entry): number {
  return 2 * (key.length + body.length) + OVERHEAD_BYTES
}
