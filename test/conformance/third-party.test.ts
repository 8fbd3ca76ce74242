import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { RedisStore as ConnectRedis } from 'connect-redis'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { testStore } from '../../lib/conformance/store/cases'
import {
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  withoutPostgres,
  withoutRedis,
} from '../support/servers'
import { knownFailures } from './known-failures'

const session = require('express-session')
const LruMemoryStore = require('memorystore')(session)
const FileStore = require('session-file-store')(session)
const ConnectPgSimple = require('connect-pg-simple')(session)

const known = (name: string) => ({ knownFailures: knownFailures[name] ?? {} })

testStore('express-session MemoryStore', () => ({ store: new session.MemoryStore() }), {
  capabilities: ['touch', 'all', 'length', 'clear', 'fineTime'],
  script: `new (require('express-session').MemoryStore)().set('s', { cookie: {} })`,
  ...known('express-session MemoryStore'),
})

testStore('memorystore', () => ({ store: new LruMemoryStore({ checkPeriod: 60_000 }) }), {
  capabilities: ['touch', 'all', 'length', 'clear', 'fineTime'],
  script: `new (require('memorystore')(require('express-session')))({ checkPeriod: 60_000 })`,
  ...known('memorystore'),
})

testStore(
  'session-file-store',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-files-'))
    // Without retries: by default it takes a second to say that a session is absent.
    const options = { path: join(folder, 'sessions'), retries: 0, reapInterval: -1, logFn: () => {} }
    return {
      store: new FileStore(options),
      close: () => rmSync(folder, { recursive: true, force: true }),
    }
  },
  {
    capabilities: ['touch', 'length', 'clear', 'fineTime'],
    script: `
      const path = require('node:fs').mkdtempSync(require('node:os').tmpdir() + '/sojourn-files-')
      new (require('session-file-store')(require('express-session')))({ path, logFn() {} })
      process.once('exit', () => require('node:fs').rmSync(path, { recursive: true }))`,
    ...known('session-file-store'),
  },
)

describe('with a Redis', { skip: withoutRedis() }, () => {
  let redis: RedisServer
  before(async () => {
    redis = await startRedis()
  })
  after(() => redis.stop())

  testStore(
    'connect-redis',
    async () => {
      await redis.command('FLUSHALL')
      // Without the queue in which commands wait for a connection, for ever if need be.
      const client = createClient({ url: redis.url, disableOfflineQueue: true })
      client.on('error', () => {})
      await client.connect()
      return {
        patienceMs: 1000,
        store: new ConnectRedis({ client }),
        withPrefix: (prefix) => new ConnectRedis({ client, prefix }),
        break: () => redis.kill(),
        mend: () => redis.restart(),
        close: () => client.destroy(),
      }
    },
    {
      // Ends are kept in whole seconds.
      capabilities: ['touch', 'all', 'length', 'clear', 'prefix', 'faults', 'promises'],
      ...known('connect-redis'),
    },
  )
})

describe('with a PostgreSQL', { skip: withoutPostgres() }, () => {
  let postgres: PostgresServer
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres.stop())

  testStore(
    'connect-pg-simple',
    async () => {
      const pool = new Pool({ connectionString: postgres.url })
      pool.on('error', () => {})
      await pool.query('DROP TABLE IF EXISTS session')
      return {
        patienceMs: 1000,
        store: new ConnectPgSimple({ pool, createTableIfMissing: true, errorLog: () => {} }),
        break: () => postgres.kill(),
        mend: () => postgres.restart(),
        clientWorks: async () => (await pool.query('select 1')).rows.length === 1,
        close: () => pool.end(),
      }
    },
    {
      // Ends are kept in whole seconds.
      capabilities: ['touch', 'close', 'faults', 'givenClient'],
      ...known('connect-pg-simple'),
    },
  )
})
