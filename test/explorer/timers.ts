import { timers } from '../../lib/base/timers'
import type { Calls } from './calls'
import type { Step } from './scheduler'

interface Timer {
  readonly name: string
  readonly due: number
  readonly run: () => void
}

const real = {
  now: Date.now,
  setTimeout: timers.setTimeout,
  clearTimeout: timers.clearTimeout,
  emitWarning: process.emitWarning,
}

/** The clock of one schedule: it stands still until a timer runs out. Always the one that is due first. */
export class Timers {
  readonly #timers = new Set<Timer>()
  /** How many have run out. */
  expired = 0
  #now: number
  #made = 0

  constructor(
    now: number,
    readonly calls: Calls,
  ) {
    this.#now = now
    Date.now = () => this.#now
    timers.setTimeout = ((run: () => void, ms = 0) => {
      const timer = { name: `timer ${++this.#made}`, due: this.#now + ms, run }
      this.#timers.add(timer)
      return timer
    }) as never
    timers.clearTimeout = ((timer: Timer) => {
      this.#timers.delete(timer)
    }) as never
    // What is told once per process would be told by whichever schedule comes first.
    process.emitWarning = () => {}
  }

  /** @param idle nothing else can happen: time goes on by itself */
  steps(idle: boolean): Step[] {
    const [first] = [...this.#timers].sort((a, b) => a.due - b.due)
    if (!first || !(idle || this.calls.left('timeouts') > 0)) return []
    return [
      {
        id: `${first.name} runs out`,
        kind: 'inside',
        owner: 'clock',
        clock: true,
        scarce: 'timeout',
        perform: () => {
          this.calls.take('timeouts')
          this.expired++
          this.calls.actor = 'clock'
          this.#timers.delete(first)
          this.#now = Math.max(this.#now, first.due)
          first.run()
        },
      },
    ]
  }

  /** Timers that nobody has cleared. */
  get running(): number {
    return this.#timers.size
  }

  close(): void {
    Date.now = real.now
    timers.setTimeout = real.setTimeout
    timers.clearTimeout = real.clearTimeout
    process.emitWarning = real.emitWarning
  }
}
