import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { PostgresBackend, type PostgresBackendOptions } from '../../../lib/backend/postgres/backend'
import type { PostgresServer } from '../../support/servers'

// Neither of the two has types of its own here.
const Simple = require('connect-pg-simple')(require('express-session'))

/** A pool that closes its connections at once, so that no test process waits for one. */
export function poolOf(server: PostgresServer, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: server.url, allowExitOnIdle: true, ...options })
  // Servers are stopped under this pool; the backend's own listener goes when it closes.
  pool.on('error', () => {})
  return pool
}

export const freshName = (): string => `t_${randomBytes(6).toString('hex')}`

/** A backend on a table of its own, which it creates; no clean-up by itself. */
export function backendOn(pool: pg.Pool, options: Partial<PostgresBackendOptions> = {}): PostgresBackend {
  return new PostgresBackend({
    pool,
    tableName: freshName(),
    createTableIfMissing: true,
    pruneInterval: 0,
    ...options,
  })
}

/** Epoch milliseconds that a test moves by hand. */
export function handClock(start = Date.now()) {
  let now = start
  const clock = () => now
  const advance = (ms: number): void => {
    now += ms
  }
  return { clock, now: clock, advance }
}

export const HOUR_MS = 3_600_000
export const inAnHour = (body: string) => ({ body, expires: Date.now() + HOUR_MS })

/** Asks every 10 ms, for at most 10 s. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await isSo()) return
    await sleep(10)
  }
  throw new Error(`waited in vain for this: ${what}`)
}

/** The real one, with promises: what a session looks like to it, and what it writes. */
export function connectPgSimple(options: object) {
  const store = new Simple({ pruneSessionInterval: false, ...options })
  return {
    get: (sid: string): Promise<unknown> => promisify(store.get).call(store, sid),
    set: (sid: string, session: never): Promise<unknown> => promisify(store.set).call(store, sid, session),
    touch: (sid: string, session: never): Promise<unknown> =>
      promisify(store.touch).call(store, sid, session),
    destroy: (sid: string): Promise<unknown> => promisify(store.destroy).call(store, sid),
  }
}
