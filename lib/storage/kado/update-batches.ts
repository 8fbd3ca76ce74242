import type { Data } from '../../record/text'
import { keptData, type Merge, type SessionStore } from './store'

interface Waiting {
  readonly merge: Merge
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Reads one session, merges, and writes what `merge` gives; nothing when that is `undefined`. */
export type Commit = (sid: string, merge: Merge) => Promise<void>

/**
 * Updates of one session run one batch after another: what comes while a batch is under way waits, and all that waits
 * becomes one read and one write. N updates at once cost two commits, where N writers that swap against each other
 * would make N²/2.
 */
export class UpdateBatches {
  readonly #commit: Commit
  /** Of each session with a batch under way: the updates for its next batch. */
  readonly #waiting = new Map<string, Waiting[]>()

  constructor(commit: Commit) {
    this.#commit = commit
  }

  /** @throws what `merge` throws, and what the commit of its batch throws */
  update(sid: string, merge: Merge): Promise<void> {
    return new Promise((resolve, reject) => {
      const update: Waiting = { merge, resolve, reject }
      const waiting = this.#waiting.get(sid)
      if (waiting !== undefined) {
        waiting.push(update)
        return
      }
      this.#waiting.set(sid, [])
      this.#run(sid, [update])
    })
  }

  async #run(sid: string, first: Waiting[]): Promise<void> {
    for (let batch = first; batch.length > 0; batch = this.#next(sid)) {
      const failed = new Map<Waiting, unknown>()
      try {
        await this.#commit(sid, merged(batch, failed))
        for (const update of batch) {
          if (failed.has(update)) update.reject(failed.get(update))
          else update.resolve()
        }
      } catch (error) {
        for (const update of batch) update.reject(error)
      }
    }
  }

  #next(sid: string): Waiting[] {
    const batch = this.#waiting.get(sid) ?? []
    if (batch.length > 0) this.#waiting.set(sid, [])
    else this.#waiting.delete(sid)
    return batch
  }
}

/** All merges of a batch as one. A merge that throws is left out. May be called again: `failed` is of the last call. */
function merged(batch: readonly Waiting[], failed: Map<Waiting, unknown>): Merge {
  return (current) => {
    failed.clear()
    let result: Data | undefined
    for (const update of batch) {
      try {
        // An empty session counts as absent, as it will when it is read again.
        result = update.merge(result === undefined ? current : keptData(result)) ?? result
      } catch (error) {
        failed.set(update, error)
      }
    }
    return result
  }
}

const batchesOf = new WeakMap<SessionStore, UpdateBatches>()

/**
 * For a store that has only `restore` and `save`. Other processes are not seen between the two.
 * @returns the same batches for the same store
 */
export function plainBatches(store: SessionStore): UpdateBatches {
  let batches = batchesOf.get(store)
  if (batches === undefined) {
    batches = new UpdateBatches(async (sid, merge) => {
      const result = merge(keptData(await store.restore(sid)))
      if (result !== undefined) await store.save(sid, result)
    })
    batchesOf.set(store, batches)
  }
  return batches
}
