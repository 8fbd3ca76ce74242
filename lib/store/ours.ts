import { BackedStore } from './backed-store'

/** Whether nobody has overridden a method that the middleware would otherwise call. */
export function isOriginal(store: BackedStore): boolean {
  const { prototype } = BackedStore
  return (
    store.get === prototype.get &&
    store.set === prototype.set &&
    store.destroy === prototype.destroy &&
    store.touch === prototype.touch &&
    store.regenerate === prototype.regenerate &&
    store.createSession === prototype.createSession
  )
}
