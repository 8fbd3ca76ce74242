import { AsyncLocalStorage } from 'node:async_hooks'
import { SessionError } from '../core/errors'
import { warnOnce } from '../core/warning'
import type { Change } from '../store/keeper'

interface Running {
  readonly of: object
  done: boolean
}

/** Which function of an `update` a call comes from: it may have waited for something else before. */
const running = new AsyncLocalStorage<Running>()

/** @returns the change, whose calls `refuseInside` knows */
export function marked<R>(of: object, change: Change<R>): Change<R> {
  return async (data) => {
    const one: Running = { of, done: false }
    try {
      return await running.run(one, change, data)
    } finally {
      one.done = true
    }
  }
}

/**
 * The function of an `update` works on what is about to be saved: a method of the same session would wait for the
 * update that waits for it, or have the update run again for ever.
 *
 * @throws SessionError ERR_SESSION_USAGE
 */
export function refuseInside(of: object, verb: string): void {
  const one = running.getStore()
  if (one?.of !== of || one.done) return
  const message = `${verb}: called inside the function of an update of the same session; call it before or after`
  // Also for those who do not wait for the method.
  warnOnce('SOJOURN_INSIDE_UPDATE', message)
  throw new SessionError('ERR_SESSION_USAGE', message)
}
