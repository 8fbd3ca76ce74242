import type { Backend, Entry, StoreKey } from '../backend/contract'
import type { Awaitable } from '../base/async'
import { SessionOptionError } from '../base/errors'
import type { EndReason } from '../base/events'
import type { Store } from '../session/store'
import type { KeyRing } from './keys'
import type { Lifecycle } from './lifecycle'
import type { LoginLimit } from './login-limit'
import type { Migration } from './migration'
import type { Owners } from './owners'

/** A process may hold several copies of this package (an alias beside the real name): all of them share this key. */
export const STORE: unique symbol = Symbol.for('sojourn.store')

/**
 * Number of what `OwnStore` says. It has to be raised with every change of the types below, of what the methods mean, or
 * of how a record is written (cookie, `admitted`, stages of a migration).
 */
export const STORE_PROTOCOL = 1

/**
 * What a middleware or an engine uses of a store of ours, beside the public methods; both may be of different copies of
 * this package. Therefore:
 *
 * - The store is known by `STORE` and never by its class; errors are known by name and code (`isSessionError`).
 * - Plain values, functions and these methods cross the boundary. A `Session` or a `Cookie` does not: each copy has
 *   private fields of its own in them. The store gets a session only to ask its `owner` function, and as text.
 * - The listener that joins `lifecycle` is the middleware's: see `Listener`.
 */
export interface OwnStore extends Store {
  readonly [STORE]: number
  readonly backend: Backend
  /** Life of a session whose cookie ends with the browser. */
  readonly ttlMs: number
  /** Whether records are encrypted: nothing of them is kept in the clear. */
  readonly seals: boolean
  readonly owners:
    | (Pick<Owners, 'of'> & { readonly limit: Pick<LoginLimit, 'enter'> | undefined })
    | undefined
  readonly migration: Pick<Migration, 'concerns' | 'take' | 'destroy'> | undefined
  readonly keys: Pick<KeyRing, 'fingerprintOf'>
  readonly lifecycle: Pick<Lifecycle, 'join'>
  /** The store key of an id that came in a cookie. */
  keyOf(id: string): StoreKey
  /** What the backend is given for a session. */
  entryFor(session: object, text: string, expires: number): Entry
  /** The text that the backend keeps for a record. */
  sealed(key: StoreKey, body: string): string
  /** The record in what the backend keeps; `undefined`: it cannot be opened. */
  opened(key: StoreKey, text: string): string | undefined
  /** Ends the session of a key, and tells why, if that is given. Answers whether it was alive. */
  end(key: StoreKey, because?: EndReason): Awaitable<boolean>
  /** Whether nobody has overridden a method that the middleware would otherwise call, in the store's own copy's terms. */
  isOriginal(): boolean
}

/**
 * @returns the store as one of ours, whichever copy of the package it comes from; `undefined`: it is somebody else's
 * @throws TypeError ERR_SESSION_OPTION when its copy has another protocol: the middleware could only write blindly, which
 * brings ended sessions back
 */
export function ownStore(store: Store): OwnStore | undefined {
  const protocol: unknown = (store as Partial<OwnStore>)[STORE]
  if (protocol === undefined) return undefined
  if (protocol === STORE_PROTOCOL) return store as OwnStore
  throw new SessionOptionError(
    `option store: it was made by another version of this package (store protocol ${String(protocol)}, here ` +
      `${STORE_PROTOCOL}); install one version for both, \`npm ls sojourn express-session\` shows what there is`,
  )
}
