/** A process that stands still, or ends, in the middle of writing to an LMDB file that others use. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LmdbStore } from '../../lib/store/lmdb'
import { routes } from '../support/app'
import { sojourn } from '../support/kits'
import { startChild } from '../support/lmdb/children'
import { checkIndexes, freshPath } from '../support/lmdb/file'
import { inTime, putData, serveWith, showData } from '../support/session-app'

const FREEZES = 6
const KILLS = 3
const ENDED_MS = 10_000
const STORE_TIMEOUT_MS = 300
/** Far above the time-out, for a busy machine; far below what a request would wait for the frozen process. */
const ANSWERED_MS = 5000

describe('one LMDB file', () => {
  test('a writer that is frozen: others read, and write or are told in time; afterwards all goes on', async (t) => {
    const path = freshPath(t)
    const store = new LmdbStore({ path, pruneInterval: 0 })
    const codes: string[] = []
    const served = await serveWith(
      sojourn,
      t,
      { store, storeTimeout: STORE_TIMEOUT_MS },
      routes({ '/put': putData, '/': showData }),
      {
        kind: 'express 5',
        onError: (error: any, _req, res, _next) => {
          codes.push(error.code)
          res.statusCode = 503
          res.end()
        },
      },
    )
    const ann = served.client()
    await ann.get('/put?user=ann')
    const writer = startChild('write-until-killed.ts', path, 'frozen')
    t.after(() => writer.process.kill('SIGKILL'))
    const acknowledged: string[] = []
    let refused = 0
    await writer.hasWritten(1)
    for (let n = 0; n < FREEZES; n++) {
      await sleep(n * 7)
      writer.process.kill('SIGSTOP')
      const { status } = await inTime(ann.get(`/put?during${n}=1`), ANSWERED_MS)
      if (status === 200) acknowledged.push(`during${n}`)
      else refused++
      const { user } = JSON.parse((await inTime(ann.get('/'), ANSWERED_MS)).body)
      assert.equal(user, 'ann')
      writer.process.kill('SIGCONT')
      const deadline = Date.now() + ANSWERED_MS
      for (;;) {
        const after = await inTime(ann.get(`/put?after${n}=1`), ANSWERED_MS)
        if (after.status === 200) break
        assert.ok(Date.now() < deadline, 'goes on once the writer does')
      }
      acknowledged.push(`after${n}`)
    }
    writer.process.kill('SIGKILL')
    await writer.ended
    const data = JSON.parse((await ann.get('/')).body)
    assert.deepEqual(
      acknowledged.filter((key) => data[key] !== '1'),
      [],
    )
    assert.deepEqual(new Set(codes), new Set(refused > 0 ? ['ERR_SESSION_STORE_TIMEOUT'] : []))
    await inTime(store.close(), ANSWERED_MS)
    assert.deepEqual((await checkIndexes(path)).faults, [])
    t.diagnostic(`${FREEZES} freezes: ${refused} writes were told of in time, no acknowledged one lost`)
  })
  test('processes that call process.exit() with writes under way: they end, and what they acknowledged is there', async (t) => {
    const path = freshPath(t)
    const store = new LmdbStore({ path, pruneInterval: 0 })
    const counts = [37, 74, 111]
    const writers = counts.map((count) =>
      startChild('write-until-exit.ts', path, `after${count}`, String(count)),
    )
    for (const [n, writer] of writers.entries()) {
      assert.equal(await inTime(writer.ended, ENDED_MS), 0, writer.errors())
      assert.equal(writer.lines.length, counts[n])
      const lost = writer.lines.filter((key) => !store.backend.read(key))
      assert.deepEqual(lost, [])
    }
    assert.equal(await store.backend.create('next', { body: '1', expires: Date.now() + 60_000 }), true)
    await store.close()
    assert.deepEqual((await checkIndexes(path)).faults, [])
  })
  test('a process that is killed while it writes does not take the store of another along', async (t) => {
    const path = freshPath(t)
    const entry = { body: '1', expires: Date.now() + 60_000 }
    for (let kill = 0; kill < KILLS; kill++) {
      // One that has long written nothing itself.
      const store = new LmdbStore({ path, pruneInterval: 0 })
      assert.equal(store.backend.read('nobody'), undefined)
      const writer = startChild('write-until-killed.ts', path, `killed${kill}`)
      await writer.hasWritten(900 + kill * 13)
      writer.process.kill('SIGKILL')
      assert.equal(await writer.ended, 'SIGKILL', writer.errors())
      assert.equal(await store.backend.create(`after${kill}`, entry), true)
      assert.equal(store.backend.read(`after${kill}`)?.body, '1')
      await store.close()
    }
    assert.deepEqual((await checkIndexes(path)).faults, [])
  })
})
