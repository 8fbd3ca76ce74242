import { type Awaitable, isPromise } from './async'
import { timers } from './timers'

/** A longer delay of a timer becomes one of 1 ms. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

export interface RepeatOptions {
  intervalMs: number
  /** What it resolves with, where that is a number, is the milliseconds to the next call in place of `intervalMs`. */
  work: () => Awaitable<number | undefined>
  /** Told of what `work` throws. The next call comes all the same. */
  onError?: (error: unknown) => void
}

/**
 * Calls `work` again and again until stopped: one call at a time, and the next after an interval ±25 %, so that
 * processes that were started together do not stay in step. It keeps no process alive.
 */
export class Repeat {
  readonly #options: RepeatOptions
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: RepeatOptions) {
    this.#options = options
    this.#schedule(options.intervalMs)
  }

  /** There are no further calls. What a call that is under way throws is not told. */
  stop(): void {
    this.#stopped = true
    timers.clearTimeout(this.#timer)
  }

  #schedule(delayMs: number | undefined): void {
    if (this.#stopped) return
    const jitteredMs = (delayMs ?? this.#options.intervalMs) * (0.75 + Math.random() / 2)
    const call = () => this.#call()
    this.#timer = timers.setTimeout(call, Math.min(jitteredMs, LONGEST_DELAY_MS))
    // What a test puts in place of the timer may be a number.
    this.#timer.unref?.()
  }

  #call(): void {
    const { work } = this.#options
    try {
      const delayMs = work()
      // Synchronous work is scheduled anew at once, so that fake timers of our tests need no turn in between.
      if (isPromise(delayMs)) {
        delayMs.then(
          (ms) => this.#schedule(ms),
          (error) => this.#failed(error),
        )
      } else this.#schedule(delayMs)
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (!this.#stopped) this.#options.onError?.(error)
    this.#schedule(undefined)
  }
}
