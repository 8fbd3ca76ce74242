import type { Backend } from '../backend/contract'
import type { Callback } from '../base/async'
import { systemClock } from '../base/clock'
import { asError, badOption } from '../base/errors'
import { Repeat } from '../base/repeat'
import { warnOnce } from '../base/warnings'
import { BackedStore, type BackedStoreOptions, checkNames } from './backed-store'

export type { Backend, Entry, Replaced, StoreKey } from '../backend/contract'
export type { EndedBecause, Ending, KeyNews, News, NewsListener } from '../backend/news'
export type { Awaitable } from '../base/async'
export { SessionError, type SessionErrorCode } from '../base/errors'
export type { BackedStore, BackedStoreOptions, StoredSession } from './backed-store'
export type { OwnerLimit } from './login-limit'
export type { OwnedSession } from './owners'
export type { WatchEvent, WatchListener, WatchTarget } from './watch'

const VERBS = ['read', 'create', 'replace', 'remove', 'extend'] as const
const DAY_MS = 86_400_000
const PRUNE_INTERVAL_MS = 60_000

export interface StoreOfOptions extends BackedStoreOptions {
  /**
   * Milliseconds from one call of the backend's `prune` to the next, ±25 %. `0`: never, for a backend that prunes by
   * itself. Default 60,000.
   */
  pruneInterval?: number | undefined
}

/**
 * Makes a store of a backend: the public interface of express-session's stores, and all that the stores of this
 * package have: merged changes, ended sessions that stay ended, owners, hashed ids, sealed records, migration.
 *
 * @param backend passes `testBackend` of `sojourn/conformance`
 * Where the backend has `prune`, it is called in the background. The store emits `pruneError` when that failed.
 *
 * @param options those that all stores of this package have, and `pruneInterval`; `ttl` is one day unless it is given
 * @throws TypeError ERR_SESSION_OPTION when the backend lacks a verb, or an option is wrong or unknown
 */
export function storeOf(backend: Backend, options: StoreOfOptions = {}): BackedStore {
  for (const verb of VERBS) {
    if (typeof backend?.[verb] !== 'function')
      badOption('backend', `an object with the method ${verb}`, backend)
  }
  checkNames('storeOf', options, [], ['pruneInterval'])
  const { pruneInterval = PRUNE_INTERVAL_MS, ...backed } = options
  if (typeof pruneInterval !== 'number' || !(pruneInterval >= 0)) {
    badOption('pruneInterval', 'milliseconds as a non-negative number', pruneInterval)
  }
  return new BackendStore(backend, { ttl: DAY_MS, ...backed }, pruneInterval)
}

class BackendStore extends BackedStore {
  readonly #pruning: Repeat | undefined

  constructor(backend: Backend, options: BackedStoreOptions, pruneIntervalMs: number) {
    super(backend, options)
    if (!backend.prune || pruneIntervalMs === 0) return
    this.#pruning = new Repeat({
      intervalMs: pruneIntervalMs,
      work: async () => {
        await backend.prune?.(systemClock())
        return undefined
      },
      onError: (error) => this.#pruneFailed(asError(error)),
    })
  }

  override close(callback?: Callback): Promise<void> {
    this.#pruning?.stop()
    return super.close(callback)
  }

  #pruneFailed(error: Error): void {
    warnOnce('SOJOURN_PRUNE', `expired sessions cannot be removed from the store: ${error.message}`)
    this.emit('pruneError', error)
  }
}
