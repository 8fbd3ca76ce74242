import type { Awaitable } from '../../base/async'
import type { Clock } from '../../base/clock'
import { storeError } from '../../base/errors'
import { yieldingToEventLoop } from '../../base/yield'
import type { Entry, Replaced, StoreKey } from '../contract'
import type { ChangingBackend, Decide } from '../key-change'
import type { Ending, KeyNews, NewsListener } from '../news'
import { type Found, LmdbFile } from './file'
import { LmdbFollower } from './follow'
import { type Token, tokenOf } from './keys'
import { type LmdbBackendOptions, lmdbSettings } from './options'
import { LmdbPruner } from './prune'
import { entries, ownedBy } from './scan'
import { moving, putting, removing, type WriteSet } from './write-set'

/** What a verb wants, seeing the record as it stands: an answer, or a change and the answer when it is made. */
type Decision<T> = { answer: T } | { change: WriteSet; seen: number | undefined; done: T; news?: KeyNews }

/** Each lost round is a write that somebody else won, so this bound says "cannot happen" rather than "busy". */
const MAX_ROUNDS = 1000

/**
 * One LMDB file, shared by all processes of a machine. Reads answer at once, from the memory map. Writes are
 * decided here from the record as it stands, and made under the condition that it is still that record; when it is
 * not, they are decided again. No process ever holds the write lock while it runs JavaScript.
 */
export class LmdbBackend implements ChangingBackend {
  readonly #file: LmdbFile
  readonly #clock: Clock
  readonly #pruner: LmdbPruner

  constructor(options: LmdbBackendOptions) {
    const { clock, pruneIntervalMs, onPruneError, onFileLost, ...file } = lmdbSettings(options)
    this.#clock = clock
    this.#file = new LmdbFile(file, onFileLost)
    this.#pruner = new LmdbPruner(this.#file, clock)
    this.#pruner.start(pruneIntervalMs, onPruneError)
  }

  read(key: StoreKey): Entry | undefined {
    return this.#file.read(tokenOf(key), (found) => this.#live(found)?.view.toEntry())
  }

  create(key: StoreKey, entry: Entry): Awaitable<boolean> {
    const token = tokenOf(key)
    return this.#write<boolean>('create', token, (found) => {
      if (this.#live(found)) return { answer: false }
      const change = putting(token, key, found?.view, entry)
      return { change, seen: found?.version, done: true, news: { key, ended: false } }
    })
  }

  replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Awaitable<Replaced> {
    const token = tokenOf(key)
    return this.#write<Replaced>('replace', token, (found) => {
      const live = this.#live(found)
      if (!live) return { answer: undefined }
      if (live.view.body !== seen) return { answer: live.view.toEntry() }
      const news = { key, ended: entry.expires <= this.#clock(), ending }
      return { change: putting(token, key, live.view, entry), seen: live.version, done: true, news }
    })
  }

  remove(key: StoreKey, ending?: Ending): Awaitable<boolean> {
    const token = tokenOf(key)
    return this.#write<boolean>('remove', token, (found) => {
      const live = this.#live(found)
      if (!live) return { answer: false }
      const news = { key, ended: true, ending }
      return { change: removing(token, live.view), seen: live.version, done: true, news }
    })
  }

  extend(key: StoreKey, expires: number): Awaitable<boolean> {
    const token = tokenOf(key)
    return this.#write<boolean>('extend', token, (found) => {
      const live = this.#live(found)
      if (!live) return { answer: false }
      if (live.view.expires === expires) return { answer: true }
      const { view, version } = live
      const change = moving(token, view, expires)
      if (expires > view.expires) return { change, seen: version, done: true }
      return { change, seen: version, done: true, news: { key, ended: false } }
    })
  }

  /** Read, decided and written as one step towards every process. What `decide` is shown holds only while it runs. */
  change<T>(key: StoreKey, decide: Decide<T>): Awaitable<T> {
    const token = tokenOf(key)
    return this.#write<T>('change', token, (found) => {
      const live = this.#live(found)
      const { to, answer } = decide(live?.view)
      if (to === 'keep') return { answer }
      const gone = to === 'remove' || to.expires <= this.#clock()
      if (!gone && to.body !== undefined) {
        const change = putting(token, key, found?.view, to)
        return { change, seen: found?.version, done: answer, news: { key, ended: false } }
      }
      if (!live) return { answer }
      if (!gone && to.expires === live.view.expires) return { answer }
      const change = gone ? removing(token, live.view) : moving(token, live.view, to.expires)
      return { change, seen: live.version, done: answer, news: { key, ended: gone } }
    })
  }

  together(work: () => void): void {
    this.#file.together(work)
  }

  scan(prefix = ''): AsyncGenerator<[StoreKey, Entry], void, undefined> {
    return yieldingToEventLoop(this.entries(prefix))
  }

  /** As `scan`, for those who cannot wait: the event loop stands still while the caller goes through it. */
  entries(prefix = ''): Iterable<[StoreKey, Entry]> {
    return entries(this.#file, this.#clock, prefix)
  }

  ownedBy(owner: string): Array<[StoreKey, Entry]> {
    return ownedBy(this.#file, this.#clock(), owner)
  }

  async follow(prefix: string, listener: NewsListener): Promise<() => void> {
    this.#file.assertOpen()
    const follower = new LmdbFollower(this.#file, prefix, listener)
    await follower.start()
    return () => follower.stop()
  }

  prune(now: number): Promise<number> {
    return this.#pruner.prune(now)
  }

  /** Resolves when every write that was acknowledged before is on the disk, whatever `durability` says. */
  flush(): Promise<void> {
    return this.#file.flush()
  }

  close(): Promise<void> {
    this.#pruner.stop()
    return this.#file.close()
  }

  #live(found: Found | undefined): Found | undefined {
    return found && found.view.expires > this.#clock() ? found : undefined
  }

  async #write<T>(
    operation: string,
    token: Token,
    decide: (found: Found | undefined) => Decision<T>,
  ): Promise<T> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const decision = this.#file.read(token, decide)
      if ('answer' in decision) return decision.answer
      if (await this.#file.commit(operation, decision.seen, decision.change, decision.news))
        return decision.done
    }
    throw storeError(operation, `lost ${MAX_ROUNDS} times in a row to other writers`)
  }
}
