import { errorAsGiven, SessionError } from '../base/errors'
import type { StoreOperation } from '../base/events'
import { timers } from '../base/timers'

/**
 * Waits for a store no longer than `limitMs`.
 *
 * @param toldMs the whole time that was allowed, for the error
 * @throws SessionError ERR_SESSION_STORE with the store's failure as `cause`, or ERR_SESSION_STORE_TIMEOUT
 */
export function bounded<T>(
  work: PromiseLike<T>,
  limitMs: number,
  operation: StoreOperation,
  toldMs = limitMs,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer =
      limitMs === Infinity
        ? undefined
        : timers.setTimeout(() => reject(timeoutError(operation, toldMs)), limitMs)
    work.then(
      (value) => {
        timers.clearTimeout(timer)
        resolve(value)
      },
      (cause) => {
        timers.clearTimeout(timer)
        reject(errorAsGiven(operation, cause))
      },
    )
  })
}

export function timeoutError(operation: StoreOperation, limitMs: number): SessionError {
  return new SessionError(
    'ERR_SESSION_STORE_TIMEOUT',
    `store ${operation} was not answered within ${limitMs} ms`,
  )
}

/**
 * Waits for its turn no longer than `limitMs`; what happens then has its own limits.
 *
 * @param queue runs what it is given when its turn comes
 * @param onGivenUp called when the time is up; what it returns is thrown
 * @param always `work` is done even when its turn comes too late for whoever waits for it
 */
export function boundedTurn<T>(
  queue: (turn: () => Promise<void>) => unknown,
  work: () => Promise<T>,
  limitMs: number,
  onGivenUp: () => Error,
  always: boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let waiting = true
    const giveUp = () => {
      waiting = false
      reject(onGivenUp())
    }
    const timer = limitMs === Infinity ? undefined : timers.setTimeout(giveUp, limitMs)
    queue(async () => {
      timers.clearTimeout(timer)
      if (waiting || always) await work().then(resolve, reject)
    })
  })
}
