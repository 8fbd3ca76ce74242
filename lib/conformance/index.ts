/**
 * Suites for authors of stores, on `node:test`. `testBackend` is for the inside of a store of this package.
 */
export { type BackendSuiteOptions, backendCases, runBackendCase, testBackend } from './backend'
export {
  BACKEND_CAPABILITIES,
  type BackendCapability,
  type BackendCase,
  type BackendContext,
  type BackendFactory,
  type BackendHandle,
  type TestClock,
} from './backend-context'
export type { Case, Exceptions } from './suite'
