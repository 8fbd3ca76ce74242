import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LmdbBackend } from '../../../lib/store/lmdb'
import { startChild } from '../../support/lmdb/children'
import { checkIndexes, freshPath, openBackend } from '../../support/lmdb/file'

const entry = (body: string) => ({ body, expires: Date.now() + 3_600_000 })

/** Makes a file of the gate look as if written so many milliseconds ago. */
function age(file: string, ms: number): void {
  const at = (Date.now() - ms) / 1000
  utimesSync(file, at, at)
}

test('processes that come and go while others write: nothing is lost and the file stays whole', async (t) => {
  const path = freshPath(t)
  const backend = openBackend(t, { path })
  await backend.create('counter', entry('0'))
  const children = [
    startChild('increment.ts', path, '600'),
    startChild('increment.ts', path, '600'),
    startChild('reopen.ts', path, '80'),
    startChild('reopen.ts', path, '80'),
  ]
  for (const child of children) assert.equal(await child.ended, 0, child.errors())
  assert.equal(backend.read('counter')?.body, '1200')
  assert.deepEqual((await checkIndexes(path)).faults, [])
})

test('one that opens waits for one that writes, and not for one that was killed', async (t) => {
  const path = freshPath(t)
  await openBackend(t, { path }).close()
  const mark = `${path}-gate/somebody`
  writeFileSync(mark, '1')
  age(mark, 1900)
  const opened = () => {
    const started = performance.now()
    const backend = new LmdbBackend({ path, pruneInterval: 0 })
    return { backend, ms: performance.now() - started }
  }
  const first = opened()
  assert.ok(first.ms > 80, `waited ${first.ms} ms for a mark with 100 ms to live`)
  await first.backend.close()
  age(mark, 10_000)
  const second = opened()
  assert.ok(second.ms < 80, `${second.ms} ms`)
  await second.backend.close()
  age(mark, 2 * 3_600_000)
  await opened().backend.close()
  assert.deepEqual(readdirSync(`${path}-gate`), [], 'what is left over leaves')
})

test('one that writes waits for one that opens, and not for one that died over it', async (t) => {
  const path = freshPath(t)
  const backend = openBackend(t, { path })
  const opening = `${path}-gate/opening`
  writeFileSync(opening, '')
  let done = false
  const writes = ['a', 'b'].map(async (key) => backend.create(key, entry('1')))
  const written = Promise.all(writes).then(() => {
    done = true
  })
  await sleep(30)
  assert.equal(done, false)
  assert.equal(backend.read('a'), undefined, 'reads go on')
  rmSync(opening)
  await written
  writeFileSync(opening, '')
  age(opening, 3000)
  assert.equal(await backend.create('c', entry('1')), true)
})

test('what waits when the store is closed fails with the code', async (t) => {
  const path = freshPath(t)
  const backend = openBackend(t, { path })
  const opening = `${path}-gate/opening`
  writeFileSync(opening, '')
  const waiting = assert.rejects(async () => backend.create('a', entry('1')), { code: 'ERR_SESSION_CLOSED' })
  const closing = backend.close()
  rmSync(opening)
  await Promise.all([waiting, closing])
})

test('a mark goes soon after the last write, comes back when somebody took it away, and leaves with close', async (t) => {
  const path = freshPath(t)
  const backend = openBackend(t, { path })
  await backend.create('a', entry('1'))
  const marks = () => readdirSync(`${path}-gate`).map((name) => `${path}-gate/${name}`)
  const [mark = ''] = marks()
  for (let i = 0; i < 40 && readFileSync(mark, 'latin1') !== '0'; i++) await sleep(5)
  rmSync(mark)
  await backend.create('b', entry('1'))
  assert.deepEqual(marks(), [mark])
  await backend.close()
  assert.ok(existsSync(path))
  assert.deepEqual(marks(), [])
})

test('closing and opening again in one breath does not wait for itself', async (t) => {
  const path = freshPath(t)
  let backend = openBackend(t, { path })
  const started = performance.now()
  for (let i = 0; i < 20; i++) {
    const written = backend.create(`${i}`, entry('1'))
    const closed = backend.close()
    backend = openBackend(t, { path })
    await Promise.all([written, closed])
    assert.equal(backend.read(`${i}`)?.body, '1')
  }
  assert.ok(performance.now() - started < 1500)
})
