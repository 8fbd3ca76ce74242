import { timers } from '../../lib/base/timers'

/** What is needed of a test's context. */
interface Context {
  mock: {
    timers: {
      enable(options: { apis: Array<'Date' | 'setTimeout' | 'setInterval'>; now?: number }): void
      tick(ms: number): void
    }
    method<O extends object>(object: O, name: keyof O, replacement: unknown): unknown
  }
}

export interface Clock {
  now(): number
  advance(ms: number): void
}

/** Noon of a day with nothing special about it. */
export const NOON = Date.UTC(2031, 4, 7, 12)

/**
 * Stops the clock until the test ends: `Date` stands still and moves by `advance` alone. Sockets and timers go on.
 */
export function stopClock(context: Context, now = NOON): Clock {
  context.mock.timers.enable({ apis: ['Date'], now })
  return { now: () => Date.now(), advance: (ms) => context.mock.timers.tick(ms) }
}

/** As `stopClock`; `setTimeout` waits for `advance` too. For parts without sockets. */
export function stopTimers(context: Context, now = NOON): Clock {
  context.mock.timers.enable({ apis: ['Date', 'setTimeout', 'setInterval'], now })
  // The package keeps Node's own, so that the fakes of an application do not reach it.
  for (const name of ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const)
    context.mock.method(timers, name, globalThis[name])
  return { now: () => Date.now(), advance: (ms) => context.mock.timers.tick(ms) }
}

/** One turn of the event loop, or several. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
