/**
 * Clean-up in the background: batches small enough to hold no lock for long, at times that differ from process
 * to process. That only one process deletes at a time is the statement's own doing (see `postgres-sql`).
 */

/** @returns how many were dropped by all batches together */
export async function pruneInBatches(
  dropSome: (limit: number) => Promise<number>,
  limit: number,
): Promise<number> {
  let total = 0
  for (;;) {
    const dropped = await dropSome(limit)
    total += dropped
    if (dropped < limit) return total
  }
}

/** Between half and one and a half times the interval, so that processes started together do not stay together. */
export const jittered = (intervalMs: number, random: number): number => intervalMs * (0.5 + random)

/** The longest delay that `setTimeout` keeps; it turns a longer one into 1 ms. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** Calls `work` again and again until stopped, one call at a time. Does not keep the process alive. */
export class Rounds {
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(
    private readonly intervalMs: number,
    private readonly work: () => Promise<unknown>,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (this.#stopped) return
    const delayMs = Math.min(jittered(this.intervalMs, Math.random()), LONGEST_DELAY_MS)
    this.#timer = setTimeout(() => void this.#round(), delayMs)
    this.#timer.unref()
  }

  async #round(): Promise<void> {
    try {
      await this.work()
    } catch (error) {
      // The one that was under way when it was stopped is cut off by that.
      if (!this.#stopped) this.onError(error)
    } finally {
      this.#schedule()
    }
  }
}
