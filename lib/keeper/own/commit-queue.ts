import type { Backend, Entry, StoreKey } from '../../backend/contract'
import { ignore } from '../../base/async'
import { settlesWithin, timers } from '../../base/timers'
import type { OwnStore } from '../../store/protocol'
import type { KeeperContext, Written } from '../contract'
import { timeoutError } from '../time-limit'
import type { Ask } from './backend-calls'
import type { Draft } from './draft'
import { writeTogether } from './write-together'

/** Of most queues; never changed. */
const NONE: Array<Turn | Joiner> = []

/**
 * The commits of one session in this process, one at a time: compare-and-swap settles who was first, but each that
 * loses would be sent again, and N side by side would cost N²/2 swaps. What waits is written together in one swap.
 */
export class CommitQueue {
  /** What this process has written last: the best guess of what stands in the store. */
  lastWritten: Entry | undefined = undefined
  readonly #key: StoreKey
  readonly #queues: CommitQueues
  #waiting: Array<Turn | Joiner> = NONE

  constructor(key: StoreKey, queues: CommitQueues) {
    this.#key = key
    this.#queues = queues
  }

  /**
   * Resolves when it is this commit's turn; who has had it calls `next`.
   *
   * @throws SessionError ERR_SESSION_STORE_TIMEOUT when the turn does not come in time
   */
  turn(context: KeeperContext, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wait(new Turn(context, limitMs, resolve, reject))
    })
  }

  /** The draft whose turn it is: what comes to the same key from now on waits. Most have nobody behind them. */
  first(draft: Draft, writing: Promise<Written>): Promise<Written> {
    return writing.then(
      (how) => {
        if (how !== 'gone') this.lastWritten = draft.written
        this.next()
        return how
      },
      (error) => {
        this.next()
        throw error
      },
    )
  }

  /** Is written together with whatever else waits. */
  join(draft: Draft, context: KeeperContext, backend: Backend, ask: Ask): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#wait(new Joiner(draft, backend, ask, context, resolve, reject))
    })
  }

  #wait(one: Turn | Joiner): void {
    if (this.#waiting === NONE) this.#waiting = [one]
    else this.#waiting.push(one)
  }

  /** The commit whose turn it was is through. */
  next(): void {
    const waiting = this.#waiting === NONE ? NONE : this.#waiting.filter((one) => one.waits)
    const [first] = waiting
    if (!first) {
      this.#waiting = NONE
      this.#queues.close(this.#key, this.lastWritten)
    } else if (first instanceof Turn) {
      this.#waiting = waiting.slice(1)
      first.settle()
    } else {
      const end = waiting.findIndex((one) => one instanceof Turn)
      this.#waiting = end === -1 ? NONE : waiting.slice(end)
      this.#write((end === -1 ? waiting : waiting.slice(0, end)) as Joiner[], first)
    }
  }

  async #write(joiners: Joiner[], { backend, ask }: Joiner): Promise<void> {
    const written = await writeTogether(joiners, this.lastWritten, backend, ask)
    if (written) this.lastWritten = written
    this.next()
  }
}

/** All middlewares on one store share the queues of its keys; there are none but where something is under way. */
export class CommitQueues {
  readonly #byKey = new Map<StoreKey, CommitQueue>()
  readonly #again = new Map<StoreKey, Again>()

  at(key: StoreKey): CommitQueue | undefined {
    return this.#byKey.size === 0 ? undefined : this.#byKey.get(key)
  }

  /** For a commit whose turn it is at once. */
  open(key: StoreKey): CommitQueue {
    const queue = new CommitQueue(key, this)
    if (this.#again.size > 0) queue.lastWritten = this.#again.get(key)?.lastWritten
    this.#byKey.set(key, queue)
    return queue
  }

  close(key: StoreKey, lastWritten: Entry | undefined): void {
    this.#byKey.delete(key)
    const again = this.#again.size > 0 ? this.#again.get(key) : undefined
    if (again) again.lastWritten = lastWritten
  }

  /**
   * For an update whose function has to run again: one after the other. Waits no longer than `waitMs`, as a function may
   * wait for what another one does.
   *
   * @returns what lets the next one go on
   */
  async runAgain(key: StoreKey, waitMs: number): Promise<() => void> {
    const before = this.#again.get(key)
    let go = ignore
    const done = new Promise<void>((resolve) => {
      go = resolve
    })
    const mine: Again = { done, lastWritten: before?.lastWritten }
    this.#again.set(key, mine)
    if (before) await (waitMs === Infinity ? before.done : settlesWithin(before.done, waitMs))
    return () => {
      if (this.#again.get(key) === mine) this.#again.delete(key)
      go()
    }
  }

  /** How many keys have a commit under way; for tests of leaks. */
  get size(): number {
    return this.#byKey.size
  }
}

/** Updates that run again, one after the other. */
interface Again {
  readonly done: Promise<void>
  /** What was written last, kept for them while nothing is under way. */
  lastWritten: Entry | undefined
}

const byStore = new WeakMap<OwnStore, CommitQueues>()

export function commitQueuesOf(store: OwnStore): CommitQueues {
  let queues = byStore.get(store)
  if (!queues) {
    queues = new CommitQueues()
    byStore.set(store, queues)
  }
  return queues
}

/** One who waits in a queue, no longer than a commit may take. */
class Waiter {
  waits = true
  readonly #timer: NodeJS.Timeout | undefined
  readonly #context: KeeperContext
  readonly #reject: (error: unknown) => void

  constructor(context: KeeperContext, limitMs: number, reject: (error: unknown) => void) {
    this.#context = context
    this.#reject = reject
    if (limitMs !== Infinity) this.#timer = timers.setTimeout(() => this.#giveUp(), limitMs)
  }

  #giveUp(): void {
    const error = timeoutError('set', this.#context.policy.storeTimeoutMs)
    // Calls tell of themselves; of a call that was never made nobody else would.
    this.#context.tell('storeError', () => ({ operation: 'set', error }))
    this.fail(error)
  }

  fail(error: unknown): void {
    this.done()
    this.#reject(error)
  }

  protected done(): void {
    this.waits = false
    timers.clearTimeout(this.#timer)
  }
}

class Turn extends Waiter {
  readonly #resolve: () => void

  constructor(
    context: KeeperContext,
    limitMs: number,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    super(context, limitMs, reject)
    this.#resolve = resolve
  }

  settle(): void {
    this.done()
    this.#resolve()
  }
}

/** A commit that may be written together with others. */
export class Joiner extends Waiter {
  readonly draft: Draft
  readonly backend: Backend
  readonly ask: Ask
  readonly #resolve: (written: Written) => void

  constructor(
    draft: Draft,
    backend: Backend,
    ask: Ask,
    context: KeeperContext,
    resolve: (written: Written) => void,
    reject: (error: unknown) => void,
  ) {
    super(context, draft.remainingMs, reject)
    this.draft = draft
    this.backend = backend
    this.ask = ask
    this.#resolve = resolve
    // Now, so that this is not all done in one go when the turn comes.
    draft.change()
  }

  settle(written: Written): void {
    this.done()
    this.#resolve(written)
  }
}
