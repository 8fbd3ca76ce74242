import { setImmediate as later } from 'node:timers/promises'
import type { Entry, Replaced, StoreKey } from '../../../lib/backend/contract'
import type { Ending } from '../../../lib/backend/news'
import { ReferenceBackend } from '../../support/reference-backend'

/** Does everything right, one turn of the event loop later: what a network store looks like from outside. */
export class LaterBackend extends ReferenceBackend {
  override async read(key: StoreKey): Promise<Entry | undefined> {
    await later()
    return super.read(key)
  }
  override async create(key: StoreKey, entry: Entry): Promise<boolean> {
    await later()
    return super.create(key, entry)
  }
  override async replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Promise<Replaced> {
    await later()
    return super.replace(key, seen, entry, ending)
  }
  override async remove(key: StoreKey, ending?: Ending): Promise<boolean> {
    await later()
    return super.remove(key, ending)
  }
  override async extend(key: StoreKey, expires: number): Promise<boolean> {
    await later()
    return super.extend(key, expires)
  }
}
