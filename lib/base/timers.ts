const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } =
  require('node:timers') as typeof import('node:timers')

/**
 * Node's timers as they were at load. An application's tests replace the ambient ones, by fakes that wait for a tick,
 * by a browser's whose timers are numbers, or by a stub; none of that may stop or break its sessions. They are members
 * of one object so that tests of this package can replace them there.
 */
export const timers = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate }

// Not those of node:timers/promises, which take a cold process four milliseconds to load.

/** Goes on in a later turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    timers.setImmediate(resolve)
  })
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers.setTimeout(resolve, ms)
  })
}

/** Whether something is answered in time, be it by a failure. The wait keeps no process alive. */
export async function settlesWithin(answer: Promise<unknown>, limitMs: number): Promise<boolean> {
  let limit: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    limit = timers.setTimeout(resolve, limitMs, false)
    limit.unref?.()
  })
  const isSettled = () => true
  const inTime = await Promise.race([late, answer.then(isSettled, isSettled)])
  timers.clearTimeout(limit)
  return inTime
}
