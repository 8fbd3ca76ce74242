import { OWN_STORE_METHODS } from '../session/store'
import type { OwnStore } from './protocol'

/**
 * @param prototype of `BackedStore` in the store's own copy of this package
 * @returns whether nobody has overridden a method that the middleware would otherwise call
 */
export function isOriginal(store: OwnStore, prototype: OwnStore): boolean {
  return (
    store.get === prototype.get &&
    store.set === prototype.set &&
    store.destroy === prototype.destroy &&
    store.touch === prototype.touch &&
    store.regenerate === OWN_STORE_METHODS.regenerate &&
    store.createSession === OWN_STORE_METHODS.createSession
  )
}
