import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { LmdbBackend } from '../../lib/store/lmdb'
import { startChild } from '../support/lmdb/children'
import { checkIndexes, freshPath, openBackend } from '../support/lmdb/file'

const HOUR_MS = 3_600_000
const PROCESSES = 3
const TIMES = 1000

test(`${PROCESSES} processes add 1 to one number ${TIMES} times each: none is lost`, async (t) => {
  const path = freshPath(t)
  const backend = openBackend(t, { path })
  await backend.create('counter', { body: '0', expires: Date.now() + HOUR_MS })
  const children = Array.from({ length: PROCESSES }, () => startChild('increment.ts', path, String(TIMES)))
  for (const child of children) assert.equal(await child.ended, 0, child.errors())
  assert.equal(backend.read('counter')?.body, String(PROCESSES * TIMES))
  t.diagnostic(`conflicts met and resolved: ${children.map(({ lines }) => lines[0]).join(', ')}`)
})

test('what another process has acknowledged is read here at once, in the same turn too', async (t) => {
  const path = freshPath(t)
  const backend = openBackend(t, { path })
  await backend.create('counter', { body: '0', expires: Date.now() + HOUR_MS })
  // A read opens a snapshot. The write then happens while this process stands still, within one turn.
  assert.equal(backend.read('counter')?.body, '0')
  const script = require.resolve('../support/lmdb/increment.ts')
  execFileSync(process.execPath, ['--import', 'tsx', script, path, '1'])
  assert.equal(backend.read('counter')?.body, '1')
})

test('a process that only opens the store ends by itself', async (t) => {
  const child = startChild('only-open.ts', freshPath(t))
  assert.equal(await child.ended, 0, child.errors())
  assert.deepEqual(child.lines, ['null null'])
})

test('kill -9 at random moments: no acknowledged write is lost, and the indexes are right', async (t) => {
  const path = freshPath(t)
  let acknowledged = 0
  let lost = 0
  let kills = 0
  for (let round = 0; round < 5; round++) {
    const writers = ['a', 'b'].map((name) => startChild('write-until-killed.ts', path, `${name}${round}`))
    for (const writer of writers) {
      await writer.hasWritten(1 + Math.floor(Math.random() * 400))
      writer.process.kill('SIGKILL')
      assert.equal(await writer.ended, 'SIGKILL', writer.errors())
      kills++
    }
    const backend = new LmdbBackend({ path, pruneInterval: 0 })
    for (const { lines } of writers) {
      const last = new Map<string, string>()
      for (const line of lines) {
        const [key = '', step = ''] = line.split(' ')
        last.set(key, step)
        acknowledged++
      }
      // A step that was under way when the process died may be there as well, but nothing older.
      for (const [key, step] of last) {
        const body = backend.read(key)?.body
        if (step === 'removed' ? body !== undefined : step !== '4' && Number(body ?? 0) < Number(step)) lost++
      }
    }
    await backend.close()
    assert.deepEqual((await checkIndexes(path)).faults, [])
  }
  t.diagnostic(`${kills} kills, ${acknowledged} acknowledged writes, ${lost} lost`)
  assert.equal(lost, 0)
  assert.ok(acknowledged > kills)
})

test('a process that is killed while it prunes leaves the rest to another, after its lease', async (t) => {
  const path = freshPath(t)
  let now = Date.now()
  const backend = openBackend(t, { path, clock: () => now })
  const expires = now + HOUR_MS
  await Promise.all(Array.from({ length: 30_000 }, (_, n) => backend.create(`${n}`, { body: 'x', expires })))
  const child = startChild('prune-until-killed.ts', path, String(expires))
  await child.hasWritten(1)
  while (backend.read('0') && backend.read('1')) await new Promise((done) => setTimeout(done, 1))
  child.process.kill('SIGKILL')
  await child.ended
  assert.deepEqual(child.lines, ['pruning'], 'killed too late to be of use')
  assert.equal(await backend.prune(expires), 0, 'the lease of the dead process still holds')
  now += 11_000
  const rest = await backend.prune(expires)
  assert.ok(rest > 0 && rest < 30_000, `${rest}`)
  assert.deepEqual(await checkIndexes(path), { faults: [], records: 0 })
})

for (const mode of ['recover', 'stay full']) {
  test(`a full disk (${mode}): coded errors, reads go on, close ends`, async (t) => {
    try {
      execFileSync('prlimit', ['--version'])
    } catch {
      return t.skip('needs prlimit (util-linux) to limit the size of a file')
    }
    const child = startChild('full-disk.ts', freshPath(t), mode)
    assert.equal(await child.ended, 0, child.errors())
    assert.deepEqual(child.lines, [
      'ERR_SESSION_STORE true',
      'rejected rejected rejected',
      'true undefined',
      ...(mode === 'recover' ? ['true true'] : []),
      'closed',
    ])
  })
}
