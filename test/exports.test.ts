/** The names that users import. One that goes away breaks somebody; one that comes is kept for good. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

const NAMES: Record<string, string[]> = {
  sojourn: [
    'Cookie',
    'ERROR_CODES',
    'MemoryStore',
    'Session',
    'SessionError',
    'Store',
    'profiles',
    'requireFresh',
    'seal',
    'session',
    'update',
  ],
  'sojourn/lmdb': ['LmdbBackend', 'LmdbStore'],
  'sojourn/redis': ['RedisStore'],
  'sojourn/postgres': ['PostgresBackend', 'PostgresStore'],
  'sojourn/backend': ['SessionError', 'storeOf'],
  'sojourn/engine': ['Session', 'SessionEngine', 'SessionError'],
  'sojourn/storage': [
    'Session',
    'SessionStorage',
    'SessionStore',
    'SessionStoreLocal',
    'SessionStoreMemory',
    'generateId',
    'getMiddleware',
    'request',
  ],
  'sojourn/conformance': [
    'BACKEND_CAPABILITIES',
    'STORE_CAPABILITIES',
    'backendCases',
    'liveSession',
    'runBackendCase',
    'runStoreCase',
    'storeCases',
    'testBackend',
    'testStore',
  ],
}

/** Declares what is global in an application that has the package as express-session. */
const TYPES_ALONE = 'sojourn/dist/express-session'

test('every subpath is listed here', () => {
  const subpaths = Object.keys(require('../package.json').exports).map((path) => path.replace('.', 'sojourn'))
  assert.deepEqual(
    subpaths.filter((path) => !path.endsWith('.json') && path !== TYPES_ALONE),
    Object.keys(NAMES),
  )
})

for (const [path, names] of Object.entries(NAMES)) {
  test(`${path} exports these names`, () => {
    assert.deepEqual(Object.keys(require(path)).sort(), names)
  })
}
