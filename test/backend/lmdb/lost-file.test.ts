/** A file that is not what it was: truncated, deleted, replaced. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from 'lmdb'
import { LmdbBackend, LmdbStore } from '../../../lib/store/lmdb'
import type { Owner } from '../../support/app'
import { freshPath, openBackend } from '../../support/lmdb/file'

const CODE = { code: 'ERR_SESSION_STORE' }
const entry = (body: string) => ({ body, expires: Date.now() + 3_600_000 })
const record = { cookie: { originalMaxAge: null, expires: null }, user: 'ann' } as never
/** Longer than a read trusts its last look. */
const MOMENT_MS = 10
const THREAD_ENDS_MS = 50

async function fill(backend: LmdbBackend): Promise<void> {
  const keys = Array.from({ length: 200 }, (_, n) => `key-${n}`)
  await Promise.all(keys.map((key) => backend.create(key, entry('x'.repeat(3000)))))
}

describe('a truncated file', () => {
  for (const [what, rest] of [
    ['its last page', (bytes: number) => bytes - 4096],
    ['a part of its last page', (bytes: number) => bytes - 1],
    ['its second half', (bytes: number) => Math.floor(bytes / 8192) * 4096],
    ['all but its first two pages', () => 8192],
    ['all but its first page', () => 4096],
    ['all but a few bytes', () => 200],
  ] as const) {
    test(`without ${what} is not opened: a coded error`, async (t) => {
      const path = freshPath(t)
      const backend = openBackend(t, { path })
      await fill(backend)
      await backend.close()
      truncateSync(path, rest(statSync(path).size))
      assert.throws(() => new LmdbBackend({ path }), { ...CODE, message: /truncated/ })
    })
  }

  test('after thousands of changes of all sizes a whole file is never taken for one', async (t) => {
    const path = freshPath(t)
    const backend = openBackend(t, { path })
    let at = 1
    const random = (below: number) => {
      at = (at * 48_271) % 2_147_483_647
      return at % below
    }
    for (let round = 0; round < 60; round++) {
      const changes = Array.from({ length: random(60) }, async () => {
        const key = `key-${random(300)}`
        if (random(3) === 0) return backend.remove(key)
        const to = entry('x'.repeat(random(12_000)))
        return backend.change(key, () => ({ to, answer: true }))
      })
      await Promise.all(changes)
      if (round % 3 > 0) continue
      copyFileSync(path, `${path}-copy`)
      await new LmdbBackend({ path: `${path}-copy`, pruneInterval: 0 }).close()
    }
  })

  for (const bytes of [0, 4096, 40_960]) {
    test(`to ${bytes} bytes while it is open: coded errors, an event, and it can be closed`, async (t) => {
      const path = freshPath(t)
      const filling = openBackend(t, { path })
      await fill(filling)
      await filling.close()
      const store = new LmdbStore({ path, pruneInterval: 0 })
      // After a write, a thread of lmdb has last steps to do; nothing saves it from a file that shrinks under them.
      await sleep(THREAD_ENDS_MS)
      truncateSync(path, bytes)
      await sleep(MOMENT_MS)
      const told = once(store, 'fileLost')
      for (let n = 0; n < 200; n++) assert.throws(() => store.backend.read(`key-${n}`), CODE)
      assert.match((await told)[0].message, /truncated/)
      await assert.rejects(store.set('a', record), CODE)
      await assert.rejects(store.length(), CODE)
      await assert.rejects(store.backend.prune(Date.now()), CODE)
      await assert.rejects(store.backend.flush(), CODE)
      truncateSync(path, 4_000_000)
      await assert.rejects(store.set('a', record), CODE, 'what has grown again is not whole')
      await store.close()
    })
  }
})

describe('a file that ends before the last page it ever had in use', () => {
  /** In one transaction pages are taken and given back: lmdb writes nothing of them. */
  async function endEarly(path: string): Promise<void> {
    const root = open({ path, noSubdir: true, maxDbs: 8 })
    const notes = root.openDB({ name: 'notes', encoding: 'binary', useVersions: true })
    root.transactionSync(() => {
      notes.putSync('large', Buffer.alloc(400_000))
      notes.removeSync('large')
    })
    await root.close()
    const file = readFileSync(path)
    const pageBytes = file.readUInt32LE(48)
    const lastPages = [0, pageBytes].map((meta) => Number(file.readBigUInt64LE(meta + 144)))
    assert.ok(file.length <= Math.max(...lastPages) * pageBytes, 'it is short')
  }

  async function shortFile(t: Owner): Promise<string> {
    const path = freshPath(t)
    const backend = openBackend(t, { path })
    await fill(backend)
    await backend.create('large', entry('y'.repeat(50_000)))
    await backend.close()
    await endEarly(path)
    return path
  }

  test('is whole: it is opened, has everything, and goes on', async (t) => {
    const backend = openBackend(t, { path: await shortFile(t) })
    assert.equal((await backend.read('key-199'))?.body.length, 3000)
    assert.equal((await backend.read('large'))?.body, 'y'.repeat(50_000))
    await backend.create('new', entry('z'.repeat(500_000)))
    assert.equal((await backend.read('new'))?.body.length, 500_000)
  })

  for (const pages of [10, 40]) {
    test(`and lacks ${pages} pages of what it has is truncated`, async (t) => {
      const path = await shortFile(t)
      truncateSync(path, statSync(path).size - pages * 4096)
      assert.throws(() => new LmdbBackend({ path }), { ...CODE, message: /truncated/ })
    })
  }
})

describe('a file that is deleted while it is open', () => {
  test('fails writes at once and goes on with reads, until it is put back', async (t) => {
    const path = freshPath(t)
    const store = new LmdbStore({ path, pruneInterval: 0 })
    t.after(() => store.close())
    let told = 0
    store.on('fileLost', () => told++)
    await store.set('a', record)
    renameSync(path, `${path}-away`)
    await assert.rejects(store.set('b', record), { ...CODE, message: /deleted/ })
    await assert.rejects(store.destroy('a'), CODE)
    await sleep(MOMENT_MS)
    assert.equal(((await store.get('a')) as unknown as { user: string }).user, 'ann')
    assert.equal(told, 1, 'once')
    renameSync(`${path}-away`, path)
    await store.set('b', record)
    assert.equal(await store.length(), 2)
  })

  test('is told by the next removal of expired sessions, when nobody calls', async (t) => {
    const path = freshPath(t)
    const store = new LmdbStore({ path, pruneInterval: 10 })
    t.after(() => store.close())
    store.on('pruneError', (error) => assert.fail(error))
    let told: { code?: string; message?: string } = {}
    store.on('fileLost', (error) => {
      told = error
    })
    rmSync(path)
    for (let turn = 0; turn < 200 && !told.code; turn++) await sleep(MOMENT_MS)
    assert.equal(told.code, 'ERR_SESSION_STORE')
    assert.match(String(told.message), /deleted/)
  })

  test('with everything beside it is a coded error', async (t) => {
    const path = freshPath(t)
    const backend = openBackend(t, { path })
    await backend.create('a', entry('1'))
    for (const name of [path, `${path}-lock`, `${path}-gate`]) rmSync(name, { recursive: true })
    await assert.rejects(async () => backend.create('b', entry('1')), { ...CODE, message: /deleted/ })
  })
})

test('a file that is replaced while it is open: neither reads nor writes, for others may write the new one', async (t) => {
  const path = freshPath(t)
  const store = new LmdbStore({ path, pruneInterval: 0 })
  t.after(() => store.close())
  await store.set('a', record)
  copyFileSync(path, `${path}-backup`)
  renameSync(`${path}-backup`, path)
  const told = once(store, 'fileLost')
  await assert.rejects(store.set('b', record), { ...CODE, message: /in the place/ })
  await told
  await assert.rejects(store.get('a'), CODE)
})
