import type { Entry, StoreKey } from '../backend/contract'
import { type Data, parseRecord } from '../record/text'
import type { BackedStore } from '../store/backed-store'
import { Migration } from '../store/migration'
import { stageOf } from '../store/migration-stage'
import type { OpenedStore } from './open'

/** A live session as the commands see it. */
export interface Sighting {
  readonly key: StoreKey
  readonly entry: Entry
  /** `undefined`: the record cannot be opened or read. */
  readonly record: (Data & { cookie: Data }) | undefined
  readonly owner: string | undefined
  /** Epoch ms, where the record says. */
  readonly createdAt: number | undefined
}

export interface Viewing {
  /** Where the data name the owner, as in `user.id`. */
  readonly ownerKey?: string | undefined
  readonly owner?: string | undefined
}

/** Live sessions one by one, whatever their number; those of one owner by the index where there is one. */
export async function* sightings({ store, indexed }: OpenedStore, viewing: Viewing = {}) {
  const { ownerKey, owner } = viewing
  const seen = new Set<StoreKey>()
  if (owner !== undefined && indexed) {
    for (const [key, entry] of (await store.backend.ownedBy?.(owner)) ?? []) {
      seen.add(key)
      if (!key.startsWith(store.keys.prefix)) continue
      const sighting = sightingOf(store, key, { ...entry, owner }, undefined)
      if (sighting) yield sighting
    }
    if (ownerKey === undefined) return
  }
  for await (const [key, entry] of store.backend.scan?.(store.keys.prefix) ?? []) {
    const sighting = seen.has(key) ? undefined : sightingOf(store, key, entry, ownerKey)
    if (sighting && (owner === undefined || sighting.owner === owner)) yield sighting
  }
}

function sightingOf(
  store: BackedStore,
  key: StoreKey,
  entry: Entry,
  ownerKey: string | undefined,
): Sighting | undefined {
  const text = store.opened(key, entry.body)
  const record = text === undefined ? undefined : parseRecord(text)
  if (stageOf(record) === 'ended') return undefined
  const created = record?.cookie['created']
  return {
    key,
    entry,
    record,
    owner: ownerIn(record, ownerKey) ?? entry.owner,
    createdAt: typeof created === 'number' ? created : undefined,
  }
}

/** @returns what stands in a record under a path of keys, as owners are written */
export function ownerIn(record: object | undefined, path: string | undefined): string | undefined {
  if (record === undefined || path === undefined) return undefined
  let value: unknown = record
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Data)[key]
  }
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined
}

/** Finds a session by its id, or by its fingerprint, for which all have to be looked at. */
export async function findSession(opened: OpenedStore, given: string): Promise<Sighting | undefined> {
  const { store } = opened
  for (const key of new Set([store.keys.plain(given), store.keys.of(given)])) {
    const entry = await store.backend.read(key)
    if (entry) return sightingOf(store, key, entry, undefined)
  }
  if (!/^[\w-]{12}$/.test(given)) return undefined
  for await (const sighting of sightings(opened)) {
    if (store.keys.fingerprint(sighting.key) === given) return sighting
  }
  return undefined
}

/**
 * Ends a session, also one that is on its way here from another store: a note stays then, which keeps it from being
 * taken once more.
 *
 * @returns whether it was alive
 */
export function endSession({ store }: OpenedStore, key: StoreKey): Promise<boolean> {
  return new Migration([], store).end(key)
}
