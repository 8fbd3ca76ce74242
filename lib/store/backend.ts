import type { Backend } from '../backend/contract'
import { badOption } from '../base/errors'
import { BackedStore, type BackedStoreOptions, checkNames } from './backed-store'

export type { Backend, Entry, Replaced, StoreKey } from '../backend/contract'
export type { Awaitable } from '../base/async'
export { SessionError, type SessionErrorCode } from '../base/errors'
export type { BackedStore, BackedStoreOptions, StoredSession } from './backed-store'
export type { OwnerLimit } from './login-limit'
export type { OwnedSession } from './owners'

const VERBS = ['read', 'create', 'replace', 'remove', 'extend'] as const
const DAY_MS = 86_400_000

/**
 * Makes a store of a backend: the public interface of express-session's stores, and all that the stores of this
 * package have: merged changes, ended sessions that stay ended, owners, hashed ids, sealed records, migration.
 *
 * @param backend passes `testBackend` of `sojourn/conformance`
 * @param options those that all stores of this package have; `ttl` is one day unless it is given
 * @throws TypeError ERR_SESSION_OPTION when the backend lacks a verb, or an option is wrong or unknown
 */
export function storeOf(backend: Backend, options: BackedStoreOptions = {}): BackedStore {
  for (const verb of VERBS) {
    if (typeof backend?.[verb] !== 'function')
      badOption('backend', `an object with the method ${verb}`, backend)
  }
  checkNames('storeOf', options, [], [])
  return new BackedStore(backend, { ttl: DAY_MS, ...options })
}
