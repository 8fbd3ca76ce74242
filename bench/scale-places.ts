// The stores that `bench:scale` fills, and what a session weighs in each.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackedStore } from '../lib/store/backed-store'
import { LmdbStore } from '../lib/store/lmdb'
import { MemoryStore } from '../lib/store/memory'
import { PostgresStore } from '../lib/store/postgres'
import { RedisStore } from '../lib/store/redis'
import { startPostgres, startRedis } from '../test/support/servers'

export interface Place {
  /** Opens the store, also once more after it was closed. */
  open(): BackedStore
  /** Bytes of all sessions: of the file, the heap, or the server. */
  bytes(): number | Promise<number>
  /** Whether opening it again is what a restart of an application waits for. */
  readonly restarts: boolean
  /** How many reads tell enough. */
  readonly reads: number
  end(): void | Promise<void>
}

const HERE = 200_000
const BY_ROUND_TRIPS = 20_000

export const PLACES: Record<string, () => Place | Promise<Place>> = {
  lmdb() {
    const directory = mkdtempSync(join(process.env['SCALE_DIR'] ?? tmpdir(), 'sojourn-scale-'))
    const path = join(directory, 'sessions.lmdb')
    return {
      open: () => new LmdbStore({ path, pruneInterval: 0 }),
      bytes: () => statSync(path).size,
      restarts: true,
      reads: HERE,
      end: () => rmSync(directory, { recursive: true, force: true }),
    }
  },

  memory() {
    const heap = () => {
      globalThis.gc?.()
      const { heapUsed, external } = process.memoryUsage()
      // Numbers of records are kept in typed arrays, beside the heap.
      return heapUsed + external
    }
    const before = heap()
    return {
      open: () => new MemoryStore({ max: Number.MAX_SAFE_INTEGER }),
      bytes: () => heap() - before,
      restarts: false,
      reads: HERE,
      end() {},
    }
  },

  async redis() {
    const server = await startRedis()
    const client = require('redis').createClient({ url: server.url })
    await client.connect()
    const used = async () => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1])
    const before = await used()
    return {
      open: () => new RedisStore({ client }),
      bytes: async () => (await used()) - before,
      restarts: false,
      reads: BY_ROUND_TRIPS,
      end: async () => {
        await client.close()
        await server.stop()
      },
    }
  },

  async postgres() {
    const server = await startPostgres()
    const pool = new (require('pg').Pool)({ connectionString: server.url })
    // Its connections may meet the end of the server.
    pool.on('error', () => {})
    return {
      open: () => new PostgresStore({ pool, createTableIfMissing: true, pruneInterval: 0 }),
      bytes: async () => {
        const { rows } = await pool.query(`SELECT pg_total_relation_size('session') AS bytes`)
        return Number(rows[0].bytes)
      },
      restarts: false,
      reads: BY_ROUND_TRIPS,
      end: async () => {
        await pool.end()
        await server.stop()
      },
    }
  },
}
