import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { MemoryBackend } from '../../lib/backend/memory/backend'
import { BackedStore, type BackedStoreOptions } from '../../lib/store/backed-store'
import { LmdbStore } from '../../lib/store/lmdb'
import { PostgresStore } from '../../lib/store/postgres'
import { RedisStore } from '../../lib/store/redis'
import { startPostgres, startRedis, withoutPostgres, withoutRedis } from './servers'

/** Where records are kept; stores that are opened on one place see the same ones. */
export interface Place {
  open(options?: BackedStoreOptions): BackedStore
  close(): unknown
}

interface Kind {
  readonly name: string
  readonly skip: string | false
  /** What all its places share, as a server, and how to make a new, empty place. */
  start(): Promise<{ place(): Place; stop(): unknown }>
}

const memory: Kind = {
  name: 'the backend of MemoryStore',
  skip: false,
  start: async () => ({
    place() {
      const backend = new MemoryBackend()
      return { open: (options = {}) => new BackedStore(backend, options), close: () => backend.close() }
    },
    stop() {},
  }),
}

const lmdb: Kind = {
  name: 'LmdbStore',
  skip: false,
  start: async () => ({
    place() {
      const folder = mkdtempSync(join(tmpdir(), 'sojourn-ours-'))
      const stores: LmdbStore[] = []
      return {
        open(options = {}) {
          const store = new LmdbStore({ path: join(folder, 'sessions'), ...options })
          stores.push(store)
          return store
        },
        async close() {
          for (const store of stores) await store.close()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
    stop() {},
  }),
}

const redis: Kind = {
  name: 'RedisStore',
  skip: withoutRedis(),
  async start() {
    const server = await startRedis()
    const client = await createClient({ url: server.url }).connect()
    return {
      place() {
        // Sent in front of whatever the store will send.
        const emptied = client.flushAll()
        return {
          open: (options = {}) => new RedisStore({ client, owners: true, ...options }),
          close: () => emptied,
        }
      },
      async stop() {
        client.destroy()
        await server.stop()
      },
    }
  },
}

const postgres: Kind = {
  name: 'PostgresStore',
  skip: withoutPostgres(),
  async start() {
    const server = await startPostgres()
    const pool = new Pool({ connectionString: server.url, allowExitOnIdle: true })
    pool.on('error', () => {})
    let places = 0
    return {
      place() {
        const tableName = `place${++places}`
        const stores: PostgresStore[] = []
        return {
          open(options = {}) {
            const table = { pool, tableName, createTableIfMissing: true, pruneInterval: 0 }
            const store = new PostgresStore({ ...table, owners: true, ...options })
            stores.push(store)
            return store
          },
          async close() {
            for (const store of stores) await store.close()
          },
        }
      },
      async stop() {
        await pool.end()
        await server.stop()
      },
    }
  },
}

/** A block for each of our four stores: `place()` is empty, and closed after the test that asked for it. */
export function overOurStores(title: string, cases: (place: (t: Owned) => Place) => void): void {
  for (const kind of [memory, lmdb, redis, postgres]) {
    describe(`${title}: ${kind.name}`, { skip: kind.skip }, () => {
      let started: Awaited<ReturnType<Kind['start']>>
      before(async () => {
        started = await kind.start()
      })
      after(() => started?.stop())
      cases((t) => {
        const place = started.place()
        t.after(() => place.close())
        return place
      })
    })
  }
}

interface Owned {
  after(work: () => unknown): void
}
