import { type Awaitable, isPromise } from '../../base/async'
import { errorAsGiven, type SessionError } from '../../base/errors'
import type { StoreOperation } from '../../base/events'
import type { KeeperContext } from '../contract'
import { bounded } from '../time-limit'

/** Makes a call of a backend. @throws SessionError ERR_SESSION_STORE, ERR_SESSION_STORE_TIMEOUT */
export type Ask = <T>(operation: StoreOperation, call: () => Awaitable<T>) => Awaitable<T>

/** Calls of a backend: bounded in time when they are not answered at once, their failures told and coded. */
export function askFor(context: KeeperContext): Ask {
  const failed = (operation: StoreOperation, error: SessionError): SessionError => {
    context.tell('storeError', () => ({ operation, error }))
    return error
  }
  return (operation, call) => {
    let answer: ReturnType<typeof call>
    try {
      answer = call()
    } catch (cause) {
      throw failed(operation, errorAsGiven(operation, cause))
    }
    if (!isPromise(answer)) return answer
    return bounded(answer, context.policy.storeTimeoutMs, operation).catch((error) => {
      throw failed(operation, error)
    })
  }
}
