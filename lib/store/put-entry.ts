import type { Backend, Entry, Replaced, StoreKey } from '../backend/contract'
import { type Awaitable, whenDone } from '../base/async'

/**
 * Creates or replaces. Each step is a compare-and-swap, so it ends with this entry whatever happens meanwhile. At
 * once where the backend answers at once: `store.set(…)` without a callback is followed by `store.get` in tests.
 *
 * @returns whether it was created
 */
export function putEntry(backend: Backend, key: StoreKey, entry: Entry): Awaitable<boolean> {
  const onto = (seen: Replaced): Awaitable<boolean> => {
    if (seen === true) return false
    if (seen) return whenDone(backend.replace(key, seen.body, entry), onto)
    return whenDone(backend.create(key, entry), (created) => {
      return created || whenDone(backend.read(key), onto)
    })
  }
  return whenDone(backend.read(key), onto)
}
