/** `migrateFrom` a store that people have: written by express-session itself, taken over by each of ours. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { RedisStore as ConnectRedis } from 'connect-redis'
import type { Pool } from 'pg'
import { createClient } from 'redis'
import type { BackedStore, BackedStoreOptions } from '../../lib/store/backed-store'
import { LmdbStore } from '../../lib/store/lmdb'
import { MemoryStore } from '../../lib/store/memory'
import { PostgresStore } from '../../lib/store/postgres'
import { RedisStore } from '../../lib/store/redis'
import { freshName, HOUR_MS, poolOf } from '../backend/postgres/support'
import { routes } from '../support/app'
import { expressSession } from '../support/kits'
import {
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  withoutPostgres,
  withoutRedis,
} from '../support/servers'
import { putData, serveWith, showData } from '../support/session-app'
import { dataOf, idOf, visits } from '../support/visits'

const MemoryStoreOfNpm = require('memorystore')(expressSession.session)
const ConnectPgSimple = require('connect-pg-simple')(expressSession.session)

type Owner = { after(work: () => unknown): void }

const skip = withoutRedis() || withoutPostgres()

describe('moving from a store that people have', { skip }, () => {
  let redis: RedisServer
  let postgres: PostgresServer
  let client: ReturnType<typeof createClient>
  let pool: Pool
  before(async () => {
    redis = await startRedis()
    client = createClient({ url: redis.url })
    await client.connect()
    postgres = await startPostgres()
    pool = poolOf(postgres)
  })
  after(async () => {
    client?.destroy()
    await redis?.stop()
    await pool?.end()
    await postgres?.stop()
  })

  const OLD: Record<string, () => Promise<object>> = {
    'connect-redis': async () => new ConnectRedis({ client, prefix: `${freshName()}:` }),
    'connect-pg-simple': async () => {
      await pool.query('DROP TABLE IF EXISTS session')
      return new ConnectPgSimple({ pool, createTableIfMissing: true, pruneSessionInterval: false })
    },
    memorystore: async () => new MemoryStoreOfNpm({ checkPeriod: 0 }),
  }

  const OURS: Record<string, (t: Owner, options: BackedStoreOptions) => BackedStore> = {
    RedisStore: (_t, options) => new RedisStore({ client, prefix: `${freshName()}:`, ...options }),
    PostgresStore: (t, options) => {
      const table = { pool, tableName: freshName(), createTableIfMissing: true, pruneInterval: 0 }
      const store = new PostgresStore({ ...table, ...options })
      t.after(() => store.close())
      return store
    },
    LmdbStore: (t, options) => {
      const folder = mkdtempSync(join(tmpdir(), 'sojourn-moving-'))
      const store = new LmdbStore({ path: join(folder, 'sessions'), ...options })
      t.after(async () => {
        await store.close()
        rmSync(folder, { recursive: true, force: true })
      })
      return store
    },
    MemoryStore: (t, options) => {
      const store = new MemoryStore(options)
      t.after(() => store.close())
      return store
    },
  }

  const appOfExpressSession = (t: Owner, store: object) =>
    serveWith(
      expressSession,
      t,
      { store, cookie: { maxAge: HOUR_MS } },
      routes({ '/put': putData, '/': showData }),
    )

  const has = async (store: any, id: string) => (await promisify(store.get).call(store, id)) != null

  for (const [from, oldStore] of Object.entries(OLD)) {
    for (const [to, open] of Object.entries(OURS)) {
      test(`from ${from} to ${to}: nobody is logged out, and who logs out stays out`, async (t) => {
        const old: any = await oldStore()
        const before = await appOfExpressSession(t, old)
        const ann = before.client()
        await ann.get('/put?user=ann')
        const id = idOf(ann)
        const { cookie } = (await promisify(old.get).call(old, id)) as { cookie: { expires: string } }
        const end = new Date(cookie.expires).valueOf()

        const store = open(t, { migrateFrom: old })
        const taken = await store.get(id)
        assert.equal(taken?.['user'], 'ann')
        assert.equal(await has(old, id), false, 'the old record is gone')
        const deadline = (await store.backend.read(store.keyOf(id)))?.expires ?? 0
        // PostgreSQL's column has whole milliseconds, Redis counts what remains.
        assert.ok(Math.abs(deadline - end) < 1000, `${deadline - end} ms`)

        const app = await visits(t, store)
        const now = app.withId(id)
        await now.get('/put?more=1')
        const { user, more } = await dataOf(now)
        assert.deepEqual([user, more], ['ann', '1'])
        await now.get('/out')
        assert.deepEqual(await dataOf(app.withId(id)), {})
      })
    }
  }

  for (const from of ['connect-redis', 'connect-pg-simple']) {
    for (const [to, open] of Object.entries(OURS)) {
      test(`from ${from} to ${to}: touches moved the end there and not in the record, which goes on all the same`, async (t) => {
        const old: any = await OLD[from]?.()
        const past = { user: 'ann', cookie: { originalMaxAge: 60_000, expires: new Date(Date.now() + 30) } }
        await promisify(old.set).call(old, 'touched-often', past)
        const later = { cookie: { originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000) } }
        await promisify(old.touch).call(old, 'touched-often', later)
        await new Promise((resolve) => setTimeout(resolve, 40))
        assert.equal(await has(old, 'touched-often'), true)

        const store = open(t, { migrateFrom: old })
        const app = await visits(t, store)
        const ann = app.withId('touched-often')
        assert.equal((await dataOf(ann)).user, 'ann')
        assert.equal((await dataOf(ann)).user, 'ann')
        const leftMs = ((await store.backend.read(store.keyOf('touched-often')))?.expires ?? 0) - Date.now()
        assert.ok(leftMs > 50_000 && leftMs <= 61_000, `${leftMs} ms`)
      })
    }
  }
})
