import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LmdbStore } from '../../lib/store/lmdb'
import { testWatching } from '../support/watching'

testWatching('one LMDB file', (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-watch-'))
  const path = join(folder, 'sessions')
  const [watching, writing] = [new LmdbStore({ ...options, path }), new LmdbStore({ ...options, path })]
  return {
    watching,
    writing,
    async close() {
      await Promise.all([watching.close(), writing.close()])
      rmSync(folder, { recursive: true })
    },
  }
})
