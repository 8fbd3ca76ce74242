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
