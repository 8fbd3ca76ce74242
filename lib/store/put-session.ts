import type { Backend, Entry, StoreKey } from '../backend/contract'
import { type Awaitable, whenDone } from '../base/async'
import type { SessionData } from '../session/session'
import type { KeyRing } from './keys'
import type { Lifecycle } from './lifecycle'
import type { Owners } from './owners'
import { putCounted } from './put-counted'
import { putEntry } from './put-entry'

/** A store, as far as putting a session into it goes. */
export interface PutStore {
  readonly backend: Backend
  readonly keys: KeyRing
  readonly owners: Owners | undefined
  readonly lifecycle: Lifecycle
  entryFor(session: object, text: string, expires: number): Entry
  sealed(key: StoreKey, body: string): string
  opened(key: StoreKey, text: string): string | undefined
}

/** `store.set`: creates or replaces, and counts it where an owner may have only so many. */
export function putSession(
  store: PutStore,
  key: StoreKey,
  session: SessionData,
  body: string,
  expires: number,
): Awaitable<void> {
  const { backend, owners } = store
  const put = (text: string) =>
    whenDone(putEntry(backend, key, store.entryFor(session, store.sealed(key, text), expires)), (created) => {
      if (created) store.lifecycle.tell('created', () => ({ session: store.keys.fingerprint(key) }))
    })
  const owner = owners?.limit && owners.of(session)
  if (!owners?.limit || owner === undefined) return put(body)
  const open = (text: string) => store.opened(key, text)
  return putCounted(owners, owners.limit, backend, open, { owner, key, body, put })
}
