import { KeyQueue } from '../server/key-queue'
import { dataOf, type Merge, type SessionStore } from './store'

const queues = new WeakMap<SessionStore, SaveQueue>()

/**
 * Read, merge and save for a store that has only `restore` and `save`: one after the other for each session, which is as
 * much as can be had of such a store. Other processes are not seen between the two.
 */
export class SaveQueue {
  readonly #queue = new KeyQueue()

  private constructor(private readonly store: SessionStore) {}

  static of(store: SessionStore): SaveQueue {
    let queue = queues.get(store)
    if (queue === undefined) {
      queue = new SaveQueue(store)
      queues.set(store, queue)
    }
    return queue
  }

  update(sid: string, merge: Merge): Promise<void> | void {
    return this.#queue.one(sid, async () => {
      const merged = merge(dataOf(await this.store.restore(sid)))
      if (merged !== undefined) await this.store.save(sid, merged)
    })
  }
}
