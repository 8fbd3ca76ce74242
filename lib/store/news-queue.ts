import type { Entry, StoreKey } from '../backend/contract'
import { joinNews, type KeyNews } from '../backend/news'
import { type Awaitable, isPromise } from '../base/async'
import { timers } from '../base/timers'

export interface NewsReader {
  read(key: StoreKey): Awaitable<Entry | undefined>
  /** Told of a key that was read. Never of one before the reading before it of the same key is through. */
  found(news: KeyNews, entry: Entry | undefined): void
  /** After a gap: names every key that may have changed. */
  readAgain(missed: (key: StoreKey) => void): Awaitable<void>
}

const RETRY_MS = 200
const TRIES = 3
/** Keys that are read at once, and in one turn of the event loop. */
const BATCH = 256

/** The keys of which there is news, until they have been read; what cannot be read is tried again. */
export class NewsQueue {
  readonly #reader: NewsReader
  readonly #dirty = new Map<StoreKey, KeyNews>()
  #gap = false
  #isWorking = false
  #isScheduled = false
  #holds = 0
  /** In a row. */
  #failures = 0

  constructor(reader: NewsReader) {
    this.#reader = reader
  }

  add(news: KeyNews): void {
    this.#dirty.set(news.key, joinNews(this.#dirty.get(news.key), news))
    this.#schedule()
  }

  /** Everything has to be read. */
  addGap(): void {
    this.#gap = true
    this.#schedule()
  }

  /** Nothing is read until `release` has been called as often. */
  hold(): void {
    this.#holds++
  }

  release(): void {
    this.#holds--
    this.#schedule()
  }

  clear(): void {
    this.#dirty.clear()
    this.#gap = false
  }

  /** In a later turn: a backend may tell in the middle of a write. */
  #schedule(): void {
    const isIdle = this.#dirty.size === 0 && !this.#gap
    if (isIdle || this.#isScheduled || this.#isWorking || this.#holds > 0) return
    this.#isScheduled = true
    timers.setImmediate(() => {
      this.#isScheduled = false
      if (this.#holds === 0) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    try {
      if (this.#gap) {
        this.#gap = false
        await this.#reader.readAgain((key) => this.#set({ key, ended: false }))
      }
      await this.#readSome()
      this.#failures = 0
      this.#isWorking = false
      this.#schedule()
    } catch (error) {
      this.#retry(error)
    }
  }

  /** Then everything is read: nobody knows what was missed meanwhile. */
  #retry(error: unknown): void {
    this.#gap = true
    // One key that can never be read, as one of another type, must not stop the others: reading all again leaves it out.
    if (++this.#failures > TRIES) this.#dirty.clear()
    if ((error as { code?: unknown } | null)?.code === 'ERR_SESSION_CLOSED') return
    const again = () => {
      this.#isWorking = false
      this.#schedule()
    }
    timers.setTimeout(again, RETRY_MS).unref?.()
  }

  async #readSome(): Promise<void> {
    const later: Promise<void>[] = []
    let left = BATCH
    for (const [key, news] of this.#dirty) {
      if (left-- === 0) break
      const entry = this.#reader.read(key)
      this.#dirty.delete(key)
      if (isPromise(entry)) later.push(this.#readLater(news, entry))
      else this.#reader.found(news, entry)
    }
    if (later.length === 0) return
    const failed = (await Promise.allSettled(later)).find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  async #readLater(news: KeyNews, entry: Promise<Entry | undefined>): Promise<void> {
    try {
      this.#reader.found(news, await entry)
    } catch (error) {
      const newer = this.#dirty.get(news.key)
      this.#dirty.set(news.key, newer ? joinNews(news, newer) : news)
      throw error
    }
  }

  #set(news: KeyNews): void {
    this.#dirty.set(news.key, joinNews(this.#dirty.get(news.key), news))
  }
}
