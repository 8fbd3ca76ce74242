import { SessionError, storeError } from '../core/errors'
import type { StoreOperation } from '../core/events'

/**
 * Waits for a store no longer than `limitMs`.
 *
 * @throws SessionError ERR_SESSION_STORE with the store's failure as `cause`, or ERR_SESSION_STORE_TIMEOUT
 */
export function bounded<T>(work: PromiseLike<T>, limitMs: number, operation: StoreOperation): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer =
      limitMs === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => reject(timeoutError(operation, limitMs)), limitMs)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (cause) => {
        clearTimeout(timer)
        reject(storeError(operation, cause))
      },
    )
  })
}

function timeoutError(operation: StoreOperation, limitMs: number): SessionError {
  return new SessionError(
    'ERR_SESSION_STORE_TIMEOUT',
    `store ${operation} was not answered within ${limitMs} ms`,
  )
}
