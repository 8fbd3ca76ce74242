import type { Entry, StoreKey } from '../../backend/contract'
import { type Data, dataOf, parseRecord } from '../../record/text'
import type { OwnStore } from '../../store/protocol'

/** A record on its way: as it stands in the store, with the changes of those who write it together on top. */
export interface Merging {
  data: Data
  cookie: Data
  /** The deadline that it would have without who comes next. */
  expires: number
}

/** @returns a store's entry, to be changed; `undefined`: it is no session */
export function mergingOf(store: OwnStore, key: StoreKey, entry: Entry): Merging | undefined {
  const body = store.opened(key, entry.body)
  const record = body === undefined ? undefined : parseRecord(body)
  return record && { data: dataOf(record, 'cookie'), cookie: record.cookie, expires: entry.expires }
}
