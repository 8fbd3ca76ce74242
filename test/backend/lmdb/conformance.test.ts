import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testBackend } from '../../../lib/conformance/backend/cases'
import { LmdbBackend } from '../../../lib/store/lmdb'

const CAPABILITIES = ['scan', 'owners', 'prune', 'close', 'follow', 'shared', 'durable', 'anyBody'] as const

for (const durability of ['process', 'disk'] as const) {
  testBackend(
    `LmdbBackend, durability ${durability}`,
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'sojourn-lmdb-'))
      let now = Date.now()
      const clock = () => now
      const open = () =>
        new LmdbBackend({ path: join(directory, 'sessions.lmdb'), pruneInterval: 0, durability, clock })
      return {
        backend: open(),
        clock: {
          now: clock,
          advance(ms) {
            now += ms
          },
        },
        reopen: open,
        close: () => rmSync(directory, { recursive: true, force: true }),
      }
    },
    { capabilities: CAPABILITIES },
  )
}
