import type { Commit } from './lmdb-binding'

/**
 * The transactions that a thread of lmdb may still be at, after their commits were acknowledged.
 *
 * Each runs on a thread of Node's pool, one writes while the one before is flushed, and they may end in the other
 * order. `close` of lmdb 3.5.6 waits for the newest only and then frees what the older one goes on to use, which
 * ends the process with SIGSEGV. So whoever closes waits for all of them here first.
 */
export class Unfinished {
  /** By `flushed`, which the commits of one transaction share. */
  readonly #ends = new Map<Promise<unknown>, Promise<void>>()

  add(commit: Commit): void {
    const { flushed } = commit
    if (flushed === undefined || this.#ends.has(flushed)) return
    const end = new Promise<void>((resolve) => {
      const ended = (): void => {
        this.#ends.delete(flushed)
        resolve()
      }
      flushed.then(ended, ended)
      // Of a transaction that failed, lmdb never says that it is flushed; its thread is done with the file then.
      commit.catch(ended)
    })
    this.#ends.set(flushed, end)
  }

  /** Resolves when no thread is at a transaction that was added. */
  async ended(): Promise<void> {
    while (this.#ends.size > 0) await Promise.all(this.#ends.values())
  }
}
