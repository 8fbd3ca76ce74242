import { SessionStorage } from './server'
import { Session } from './session'
import { SessionStore } from './session-store'
import { SessionStoreLocal } from './session-store-local'
import { SessionStoreMemory } from './session-store-memory'

export type { SessionMiddlewareOptions } from './session-options'
export type { SessionStoreOptions } from './session-store'
export type { SessionStoreLocalOptions } from './session-store-local'
export type { SessionStorageOptions } from './storage-options'
export { Session, SessionStorage, SessionStore, SessionStoreLocal, SessionStoreMemory }

/** The statics of `Session`, for those who take the module for the class. */
export const { getMiddleware, generateId, request } = Session
