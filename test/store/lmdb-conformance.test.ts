import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testStore } from '../../lib/conformance/store/cases'
import { LmdbStore } from '../../lib/store/lmdb'

testStore(
  'LmdbStore',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-lmdb-'))
    const path = join(folder, 'sessions.lmdb')
    const stores = [new LmdbStore(path)]
    return {
      store: stores[0] as LmdbStore,
      withPrefix(prefix) {
        const store = new LmdbStore({ path, prefix })
        stores.push(store)
        return store
      },
      async close() {
        for (const store of stores) await store.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
  {
    capabilities: ['touch', 'all', 'length', 'clear', 'close', 'promises', 'prefix', 'fineTime'],
    script: `
      const { LmdbStore } = require('./lib/store/lmdb')
      const folder = require('node:fs').mkdtempSync(require('node:os').tmpdir() + '/sojourn-lmdb-')
      new LmdbStore(folder + '/sessions.lmdb').set('s', { cookie: {} })
      process.once('exit', () => require('node:fs').rmSync(folder, { recursive: true }))`,
  },
)
