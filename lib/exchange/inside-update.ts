import { AsyncLocalStorage } from 'node:async_hooks'
import { isPromise } from '../base/async'
import { SessionError } from '../base/errors'
import { warnOnce } from '../base/warnings'
import type { Updater } from '../keeper/contract'

interface Running {
  readonly of: object
  done: boolean
}

/** The function of an `update` that a call comes from, also after it has waited for something. */
const running = new AsyncLocalStorage<Running>()

/** @returns the function, whose calls `refuseInside` recognizes */
export function insideUpdate<R>(of: object, change: Updater<R>): Updater<R> {
  return (data) => {
    const one: Running = { of, done: false }
    const end = () => {
      one.done = true
    }
    let result: ReturnType<typeof change>
    try {
      result = running.run(one, change, data)
    } catch (error) {
      end()
      throw error
    }
    // One that answers at once is written in the same turn, so that many updates do not run each other's again.
    if (isPromise(result)) return Promise.resolve(result).finally(end)
    end()
    return result
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
  // A caller that does not wait for the method sees no error.
  warnOnce('SOJOURN_INSIDE_UPDATE', message)
  throw new SessionError('ERR_SESSION_USAGE', message)
}
