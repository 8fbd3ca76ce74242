import { OWN_STORE_METHODS } from '../session/store'
import { BackedStore } from './backed-store'

/** Whether nobody has overridden a method that the middleware would otherwise call. */
export function isOriginal(store: BackedStore): boolean {
  const { prototype } = BackedStore
  return (
    store.get === prototype.get &&
    store.set === prototype.set &&
    store.destroy === prototype.destroy &&
    store.touch === prototype.touch &&
    store.regenerate === OWN_STORE_METHODS.regenerate &&
    store.createSession === OWN_STORE_METHODS.createSession
  )
}
