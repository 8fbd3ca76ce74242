const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } =
  require('node:timers') as typeof import('node:timers')

/**
 * Node's timers as they were at load. An application's tests replace the ambient ones, by fakes that wait for a tick,
 * by a browser's whose timers are numbers, or by a stub; none of that may stop or break its sessions. They are members
 * of one object so that tests of this package can replace them there.
 */
export const timers = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate }

export const { setImmediate: nextTurn, setTimeout: sleep } =
  require('node:timers/promises') as typeof import('node:timers/promises')
