/**
 * Suites for authors of stores, on `node:test`: `testStore` for any store of express-session, `testBackend` for the
 * inside of a store of this package (`Backend`). Run both on a store that is built on a backend.
 */
export { type BackendSuiteOptions, backendCases, runBackendCase, testBackend } from './backend/cases'
export {
  BACKEND_CAPABILITIES,
  type BackendCapability,
  type BackendCase,
  type BackendContext,
  type BackendFactory,
  type BackendHandle,
  type TestClock,
} from './backend/context'
export { type LiveCookie, type LiveSession, liveSession } from './live-session'
export { runStoreCase, type StoreSuiteOptions, storeCases, testStore } from './store/cases'
export {
  type Grade,
  STORE_CAPABILITIES,
  type StoreCapability,
  type StoreCase,
  type StoreContext,
  type StoreFactory,
  type StoreHandle,
  type StoreUnderTest,
} from './store/context'
export type { Case, Exceptions } from './suite'
