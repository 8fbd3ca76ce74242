/** Taken at load, so that fake timers in an application's tests do not stop its sessions. */
export const { setImmediate: nextTurn, setTimeout: sleep } =
  require('node:timers/promises') as typeof import('node:timers/promises')
