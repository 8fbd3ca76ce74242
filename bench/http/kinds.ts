import { join } from 'node:path'
import type { NextHandleFunction } from 'connect'
import { ENGINE_KINDS, engineMiddleware } from './engines'
import { sqliteStore } from './sqlite'

/** What is measured side by side. */
export const KINDS = ['bare', 'express-session', 'sojourn'] as const
export type Kind = (typeof KINDS)[number] | string

const OPTIONS = {
  secret: 'a secret of a sensible length',
  resave: false,
  saveUninitialized: false,
  ...JSON.parse(process.env['BENCH_OPTIONS'] ?? '{}'),
}

/** Where the server of the store is, for kinds that have one. */
const STORE_URL = process.env['BENCH_STORE_URL']

export async function middlewareOf(kind: Kind): Promise<NextHandleFunction | undefined> {
  switch (kind) {
    case 'bare':
      return undefined
    case 'express-session':
      return require('express-session')(OPTIONS)
    case 'sojourn':
      return require('../../dist')(OPTIONS)
    case 'session-file-store': {
      const session = require('express-session')
      const FileStore = require('session-file-store')(session)
      const path = join(STORE_URL ?? '', 'theirs')
      return session({ ...OPTIONS, store: new FileStore({ path, logFn() {}, reapInterval: -1 }) })
    }
    case 'better-sqlite3-session-store': {
      const session = require('express-session')
      return session({ ...OPTIONS, store: sqliteStore(session, join(STORE_URL ?? '', 'theirs.sqlite')) })
    }
    case 'LmdbStore': {
      const { LmdbStore } = require('../../dist/store/lmdb')
      const path = join(STORE_URL ?? '', 'ours')
      return require('../../dist')({ ...OPTIONS, store: new LmdbStore({ path, pruneInterval: 0 }) })
    }
    case 'connect-redis': {
      const session = require('express-session')
      const { RedisStore } = await import('connect-redis')
      return session({
        ...OPTIONS,
        store: new RedisStore({ client: await redisClient(), prefix: 'theirs:' }),
      })
    }
    case 'RedisStore':
    case 'RedisStore, near cache': {
      const { RedisStore } = require('../../dist/store/redis')
      const nearCache = kind !== 'RedisStore'
      const store = new RedisStore({ client: await redisClient(), prefix: 'ours:', nearCache })
      return require('../../dist')({ ...OPTIONS, store })
    }
    case 'connect-pg-simple': {
      const session = require('express-session')
      const Store = require('connect-pg-simple')(session)
      const table = { tableName: 'theirs', createTableIfMissing: true, pruneSessionInterval: false }
      return session({ ...OPTIONS, store: new Store({ conString: STORE_URL, ...table }) })
    }
    case 'PostgresStore': {
      const { PostgresStore } = require('../../dist/store/postgres')
      const table = { tableName: 'ours', createTableIfMissing: true, pruneInterval: 0 }
      const store = new PostgresStore({ connectionString: STORE_URL, ...table })
      return require('../../dist')({ ...OPTIONS, store })
    }
    default:
      if ((ENGINE_KINDS as readonly string[]).includes(kind)) return engineMiddleware(kind)
      throw new Error(`unknown kind ${kind}`)
  }
}

/** One client for both, as the applications of today make it. */
async function redisClient() {
  const client = require('redis').createClient({ url: STORE_URL })
  client.on('error', () => {})
  await client.connect()
  return client
}
