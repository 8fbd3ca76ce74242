import { type CommitQueues, commitQueuesOf } from '../../lib/keeper/own/commit-queue'
import type { OwnStore } from '../../lib/store/protocol'
import type { Met } from './scheduler'

/**
 * What a step has met of the queues in which the commits of a store wait: all that requests share in one process. As
 * long as one request waits behind another, every step counts as one that has met others. Processes share none.
 */
export class QueueWatch {
  #met: Met = 'nothing'
  /** Keys at which somebody has come to wait. */
  readonly #company = new Set<string>()
  #runningAgain = 0

  constructor(store: OwnStore) {
    const queues = commitQueuesOf(store)
    const { at, open, close, runAgain }: CommitQueues = queues
    queues.at = (key) => {
      const queue = at.call(queues, key)
      if (queue) this.#company.add(key)
      this.#meets('queue')
      return queue
    }
    queues.open = (key) => {
      this.#meets('queue')
      return open.call(queues, key)
    }
    queues.close = (key, lastWritten) => {
      this.#meets(this.#company.delete(key) ? 'others' : 'queue')
      close.call(queues, key, lastWritten)
    }
    queues.runAgain = async (key, waitMs) => {
      this.#runningAgain++
      const done = await runAgain.call(queues, key, waitMs)
      return () => {
        this.#runningAgain--
        this.#meets('others')
        done()
      }
    }
  }

  #meets(met: Met): void {
    if (this.#met !== 'others') this.#met = met
  }

  /** What the step has met that has been taken last. */
  get met(): Met {
    return this.#company.size > 0 || this.#runningAgain > 0 ? 'others' : this.#met
  }

  next(): void {
    this.#met = 'nothing'
  }
}
