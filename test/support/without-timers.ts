// Uses each store while the ambient timers throw, and says so when all worked.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const names = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const
// The package lmdb takes the ambient ones for itself.
const isLmdb = () => /node_modules.lmdb/.test(new Error().stack?.split('\n')[3] ?? '')
for (const name of names) {
  const real = globalThis[name] as (...given: unknown[]) => unknown
  globalThis[name] = ((...given: unknown[]) => {
    if (isLmdb()) return real(...given)
    throw new Error(`the ambient ${name} was called`)
  }) as never
}

const record = { cookie: { originalMaxAge: null, expires: null }, user: 'ann' } as never

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sojourn-timers-'))
  const session = require('../../lib/index') as typeof import('../../lib/index')
  const { LmdbStore } = require('../../lib/store/lmdb') as typeof import('../../lib/store/lmdb')
  const { PostgresStore } = require('../../lib/store/postgres') as typeof import('../../lib/store/postgres')
  const { bounded } = require('../../lib/keeper/time-limit') as typeof import('../../lib/keeper/time-limit')
  const { SessionStorage, SessionStoreLocal } =
    require('../../lib/storage/index') as typeof import('../../lib/storage/index')
  try {
    const lmdb = new LmdbStore({ path: join(directory, 'sessions.lmdb'), pruneInterval: 10 })
    for (const store of [new session.MemoryStore(), lmdb]) {
      await store.set('a', record)
      assert.equal(((await store.get('a')) as unknown as { user: string }).user, 'ann')
      await store.clear()
      await store.close()
    }
    const pool = { query: async () => ({ rows: [], rowCount: 0 }), totalCount: 0 }
    const postgres = new PostgresStore({ pool, pruneInterval: 10 } as never)
    await assert.rejects(postgres.get('a'), /table "session" does not exist/, 'it was asked')
    await postgres.close()
    await assert.rejects(bounded(new Promise(() => {}), 5, 'get'), { code: 'ERR_SESSION_STORE_TIMEOUT' })
    const local = new SessionStoreLocal()
    await local.close()
    const storage = new SessionStorage({ saveFile: join(directory, 'storage.lmdb'), port: 0 } as never)
    await storage.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  console.log('all worked')
}

main()
