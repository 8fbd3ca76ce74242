import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { LmdbBackend } from '../../../lib/store/lmdb'
import { startChild } from '../../support/lmdb/children'
import { checkIndexes, freshPath, openBackend } from '../../support/lmdb/file'
import { TYPESCRIPT } from '../../support/typescript'

const HOUR_MS = 3_600_000
const PROCESSES = 3
const TIMES = 1000
const incrementScript = join(__dirname, '../../support/lmdb/increment.ts')

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
  execFileSync(process.execPath, [...TYPESCRIPT, incrementScript, path, '1'])
  assert.equal(backend.read('counter')?.body, '1')
})

test('threads of one process share the file; one that is ended in the middle of it harms nobody', async (t) => {
  const path = freshPath(t)
  const backend = openBackend(t, { path })
  await backend.create('counter', { body: '0', expires: Date.now() + HOUR_MS })
  const code = `require(${JSON.stringify(require.resolve('tsx/cjs'))}); require(${JSON.stringify(incrementScript)})`
  const start = (times: number) => new Worker(code, { eval: true, workerData: [path, String(times)] })
  const threads = [start(200), start(200)]
  const exits = await Promise.all(threads.map((thread) => once(thread, 'exit')))
  assert.deepEqual(exits, [[0], [0]])
  assert.equal(backend.read('counter')?.body, '400')
  const endless = start(1e9)
  assert.deepEqual(await once(endless, 'message'), ['started'])
  await endless.terminate()
  assert.equal(await backend.create('after', { body: '1', expires: Date.now() + HOUR_MS }), true)
  assert.equal(backend.read('after')?.body, '1')
})

test('processes that only open the store, all at once where no file was, end by themselves', async (t) => {
  const path = freshPath(t)
  const children = [1, 2, 3, 4].map(() => startChild('only-open.ts', path))
  for (const child of children) {
    assert.equal(await child.ended, 0, child.errors())
    assert.deepEqual(child.lines, ['null null'])
  }
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
  await Promise.all(Array.from({ length: 1000 }, (_, n) => backend.create(`${n}`, { body: 'x', expires })))
  const child = startChild('prune-until-killed.ts', path, String(expires))
  await child.hasWritten(1)
  assert.equal(await backend.prune(expires), 0, 'the other process is at it')
  child.process.kill('SIGKILL')
  await child.ended
  assert.equal(await backend.prune(expires), 0, 'its lease still holds')
  now += 30_000
  const rest = await backend.prune(expires)
  assert.ok(rest > 0 && rest < 1000, `${rest}`)
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
