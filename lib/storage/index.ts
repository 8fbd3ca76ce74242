import { KadoSession } from './kado/session'
import { SessionStore } from './kado/store'
import { SessionStoreLocal } from './kado/store-local'
import { SessionStoreMemory } from './kado/store-memory'
import { SessionStorage } from './server/server'

export type { SessionMiddlewareOptions } from './kado/options'
export type { SessionStoreOptions } from './kado/store'
export type { SessionStoreLocalOptions } from './kado/store-local'
export type { SessionStorageOptions } from './server/options'
export { KadoSession as Session, SessionStorage, SessionStore, SessionStoreLocal, SessionStoreMemory }

/** The statics of `Session`, for those who take the module for the class. */
export const { getMiddleware, generateId, request } = KadoSession
