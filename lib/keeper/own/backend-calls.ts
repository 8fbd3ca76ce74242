import { type Awaitable, isPromise } from '../../base/async'
import { errorAsGiven, type SessionError } from '../../base/errors'
import type { StoreOperation } from '../../base/events'
import type { KeeperContext } from '../contract'
import { bounded, timeoutError } from '../time-limit'

/**
 * Makes a call of a backend.
 *
 * @param limitMs what is left of the time for the whole commit; else the call may take that time itself
 * @param isAwaited asked when it has failed: what nobody waits for any more was told of already
 * @throws SessionError ERR_SESSION_STORE, ERR_SESSION_STORE_TIMEOUT
 */
export type Ask = <T>(
  operation: StoreOperation,
  call: () => Awaitable<T>,
  limitMs?: number,
  isAwaited?: () => boolean,
) => Awaitable<T>

/** Calls of a backend: bounded in time when they are not answered at once, their failures told and coded. */
export function askFor(context: KeeperContext): Ask {
  const { storeTimeoutMs } = context.policy
  const failed = (
    operation: StoreOperation,
    error: SessionError,
    isAwaited?: () => boolean,
  ): SessionError => {
    if (isAwaited?.() !== false) context.tell('storeError', () => ({ operation, error }))
    return error
  }
  return (operation, call, limitMs = storeTimeoutMs, isAwaited) => {
    if (limitMs <= 0) throw failed(operation, timeoutError(operation, storeTimeoutMs), isAwaited)
    let answer: ReturnType<typeof call>
    try {
      answer = call()
    } catch (cause) {
      throw failed(operation, errorAsGiven(operation, cause), isAwaited)
    }
    if (!isPromise(answer)) return answer
    return bounded(answer, limitMs, operation, storeTimeoutMs).catch((error) => {
      throw failed(operation, error, isAwaited)
    })
  }
}
