import type { Backend, Entry } from '../../backend/contract'
import { canChange, type Decide } from '../../backend/key-change'
import { type Awaitable, ignore, isPromise, whenDone } from '../../base/async'
import type { Clock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { nextTurn } from '../../base/timers'
import { ChangeBatch, copyOfEntry } from './change-batch'
import { KeyQueue } from './key-queue'
import { ScanCursors, type ScanPage } from './scan-cursors'

/** More losses in a row than any number of honest writers causes. */
const MAX_ATTEMPTS = 1000
const LISTED_AT_ONCE = 500

/**
 * The verbs that commands are made of, over any `Backend`. Each is atomic towards the other clients of this
 * server: work on one key queues. Towards other writers of the same store it is as atomic as the backend: altogether
 * where it has `change`; by the contract alone, a new body is a compare-and-swap, but a removal and a moved deadline
 * are made without a look at what was decided from.
 */
export class Keyspace {
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #queue = new KeyQueue()
  /** Of keys with work under way: the changes that wait for it, and that batch's place in the queue. */
  readonly #batches = new Map<string, { batch: ChangeBatch; place: Promise<unknown> | undefined }>()
  /** Listings that clients have begun; public for tests of how many are kept. */
  readonly cursors: ScanCursors

  constructor(backend: Backend, clock: Clock) {
    this.#backend = backend
    this.#clock = clock
    this.cursors = new ScanCursors(() => this.#entries(), clock)
  }

  now(): number {
    return this.#clock()
  }

  /** Runs `work` at once. What it asks for may be read as it was when `work` began. */
  together(work: () => void): void {
    const backend = this.#backend
    if (canChange(backend) && backend.together !== undefined) backend.together(work)
    else work()
  }

  read(key: string): Awaitable<Entry | undefined> {
    if (this.#queue.last(key) === undefined) return this.#queue.one(key, () => this.#backend.read(key))
    return this.#batched(key, (current) => ({ to: 'keep', answer: current && copyOfEntry(current) }))
  }

  /** The keys as they are at one moment. `visit` is called in their order; `false` stops early. */
  readEach(keys: readonly string[], visit: (entry: Entry | undefined) => boolean): Awaitable<void> {
    const from = (index: number): Awaitable<void> => {
      for (let i = index; i < keys.length; i++) {
        const entry = this.#backend.read(keys[i] ?? '')
        if (isPromise(entry)) {
          return entry.then((later) => (visit(later) ? from(i + 1) : undefined))
        }
        if (!visit(entry)) return
      }
    }
    return this.#queue.many(keys, () => from(0))
  }

  change<T>(key: string, decide: Decide<T>): Awaitable<T> {
    if (this.#queue.last(key) !== undefined) return this.#batched(key, decide)
    return this.#queue.one(key, () => this.#commit(key, decide))
  }

  /** @returns how many of the keys were there */
  remove(keys: readonly string[]): Awaitable<number> {
    return this.#queue.many(keys, () => {
      const removed = keys.map((key) => this.#backend.remove(key))
      const count = (all: boolean[]): number => all.filter(Boolean).length
      return removed.some((one) => typeof one !== 'boolean')
        ? Promise.all(removed).then(count)
        : count(removed as boolean[])
    })
  }

  /** @returns `undefined` for a cursor that is not, or no longer, open */
  scan(cursor: string, count: number): Awaitable<ScanPage | undefined> {
    return this.#queue.after(() => this.cursors.page(cursor, count))
  }

  /** @returns how many live keys there are; looks at each of them */
  size(): Awaitable<number> {
    return this.#queue.after(async () => {
      let keys = 0
      for await (const _ of this.#entries()) {
        // A listing that answers at once would keep all other clients waiting to its end.
        if (++keys % LISTED_AT_ONCE === 0) await nextTurn()
      }
      return keys
    })
  }

  clear(): Awaitable<void> {
    return this.#queue.alone(async () => {
      let batch: Array<Awaitable<boolean>> = []
      for await (const [key] of this.#entries()) {
        batch.push(this.#backend.remove(key))
        if (batch.length < LISTED_AT_ONCE) continue
        await Promise.all(batch)
        await nextTurn()
        batch = []
      }
      await Promise.all(batch)
    })
  }

  prune(): Awaitable<number> {
    return this.#backend.prune?.(this.#clock()) ?? 0
  }

  /** Resolves when no work is under way. */
  async settled(): Promise<void> {
    await this.#queue.after(ignore)
  }

  close(): void {
    this.cursors.close()
  }

  /** What waits for work on its key becomes one write, as long as no other kind of work is asked for in between. */
  #batched<T>(key: string, decide: Decide<T>): Promise<T> {
    const open = this.#batches.get(key)
    if (open !== undefined && open.place === this.#queue.last(key)) return open.batch.add(decide)
    const batch = new ChangeBatch()
    const answer = batch.add(decide)
    const work = (): Awaitable<void> => {
      if (this.#batches.get(key)?.batch === batch) this.#batches.delete(key)
      return whenDone(this.#commit(key, batch.decider(this.#clock)), (results) => batch.settle(results))
    }
    // It waits for work that is under way, so it is a promise.
    Promise.resolve(this.#queue.one(key, work)).catch((error: unknown) => batch.fail(error))
    this.#batches.set(key, { batch, place: this.#queue.last(key) })
    return answer
  }

  #commit<T>(key: string, decide: Decide<T>): Awaitable<T> {
    const backend = this.#backend
    if (canChange(backend)) return backend.change(key, decide)
    return whenDone(backend.read(key), (current) => this.#apply(key, decide, current, MAX_ATTEMPTS))
  }

  #entries(): AsyncIterable<[string, Entry]> {
    if (this.#backend.scan === undefined) {
      throw new SessionError('ERR_SESSION_USAGE', 'this backend cannot list its keys')
    }
    return this.#backend.scan()
  }

  #apply<T>(key: string, decide: Decide<T>, current: Entry | undefined, attempts: number): Awaitable<T> {
    if (attempts === 0) {
      throw new SessionError('ERR_SESSION_CONFLICT', 'another process writes this key without end')
    }
    const { to, answer } = decide(current)
    if (to === 'keep') return answer
    const again = (found: Entry | undefined): Awaitable<T> => this.#apply(key, decide, found, attempts - 1)
    const reread = (): Awaitable<T> => whenDone(this.#backend.read(key), again)

    // A deadline that is past already removes: a record is never written only to be dead.
    if (to === 'remove' || to.expires <= this.#clock()) {
      if (current === undefined) return answer
      return whenDone(this.#backend.remove(key), (there) => (there ? answer : again(undefined)))
    }
    if (current === undefined) {
      if (to.body === undefined) return answer
      return whenDone(this.#backend.create(key, to), (made) => (made ? answer : reread()))
    }
    if (to.body === undefined || to.body === current.body) {
      if (to.expires === current.expires) return answer
      return whenDone(this.#backend.extend(key, to.expires), (moved) => (moved ? answer : again(undefined)))
    }
    return whenDone(this.#backend.replace(key, current.body, to), (done) =>
      done === true ? answer : again(done),
    )
  }
}
