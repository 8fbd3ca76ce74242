import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { assertExact, runHistory } from './history'

describe('a history of several processes on one LMDB file', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-history-lmdb-'))
  after(() => rmSync(folder, { recursive: true }))

  test('every acknowledged change is there, nothing destroyed answers', async (t) => {
    const history = await runHistory({ store: 'lmdb', options: { path: join(folder, 'calm') }, seed: 1 })
    t.diagnostic(history.summary)
    assertExact(history)
    assert.equal(history.unsure, 0)
  })

  test('so it is when processes are killed', async (t) => {
    const history = await runHistory({
      store: 'lmdb',
      options: { path: join(folder, 'killed') },
      seed: 2,
      processes: 4,
      async disturb(children, reached) {
        for (const [index, share] of [0.2, 0.4, 0.6].entries()) {
          await reached(share)
          children[index]?.kill('SIGKILL')
        }
      },
    })
    t.diagnostic(history.summary)
    assertExact(history)
  })
})
