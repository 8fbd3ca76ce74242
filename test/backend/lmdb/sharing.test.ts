/** One file under several names, and for several users. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { realPath } from '../../../lib/backend/lmdb/real-path'
import { startChild } from '../../support/lmdb/children'
import { checkIndexes, freshPath, openBackend } from '../../support/lmdb/file'

const entry = (body: string) => ({ body, expires: Date.now() + 3_600_000 })
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8)

const [GROUP, ANN, BOB] = [64_999, 65_534, 65_533]
const noRoot = process.getuid?.() === 0 ? false : 'needs root, to become two users'

describe('symbolic links', () => {
  test('to the file, to its directory and to a file still to be made lead to one file with one gate', async (t) => {
    const path = freshPath(t)
    const [link, early] = [`${path}-link`, `${path}-early`]
    symlinkSync('sessions.lmdb', early)
    const names = [early, path, link, join(dirname(path), 'by-directory', 'sessions.lmdb')]
    symlinkSync('sessions.lmdb', link)
    symlinkSync('.', join(dirname(path), 'by-directory'))
    const backends = names.map((name) => openBackend(t, { path: name }))
    assert.deepEqual(new Set(names.map(realPath)), new Set([realPath(path)]))
    await Promise.all(backends.map((backend, n) => backend.create(`key-${n}`, entry('1'))))
    for (const backend of backends) {
      assert.deepEqual(
        names.map((_, n) => backend.read(`key-${n}`)?.body),
        ['1', '1', '1', '1'],
      )
    }
    const made = readdirSync(dirname(path)).filter((name) => /-(gate|lock)$/.test(name))
    assert.deepEqual(made.sort(), ['sessions.lmdb-gate', 'sessions.lmdb-lock'])
  })

  test('in a circle are a coded error', (t) => {
    const path = freshPath(t)
    symlinkSync(path, `${path}-a`)
    symlinkSync(`${path}-a`, path)
    assert.throws(() => openBackend(t, { path }), { code: 'ERR_SESSION_STORE' })
  })

  test('processes that write and open by two names lose nothing', async (t) => {
    const path = freshPath(t)
    const backend = openBackend(t, { path })
    symlinkSync(path, `${path}-link`)
    await backend.create('counter', entry('0'))
    const children = [
      startChild('increment.ts', path, '150'),
      startChild('increment.ts', `${path}-link`, '150'),
      startChild('reopen.ts', `${path}-link`, '20'),
    ]
    for (const child of children) assert.equal(await child.ended, 0, child.errors())
    assert.equal(backend.read('counter')?.body, '300')
    await backend.close()
    assert.deepEqual((await checkIndexes(path)).faults, [])
  })
})

describe('fileMode 0o660', () => {
  test('is what the file, its lock, its directory and its marks have, whatever the umask', async (t) => {
    const path = join(dirname(freshPath(t)), 'shared', 'sessions')
    const umask = process.umask(0o077)
    t.after(() => process.umask(umask))
    const backend = openBackend(t, { path, fileMode: 0o660 })
    await backend.create('a', entry('1'))
    assert.deepEqual([path, `${path}-lock`].map(modeOf), ['660', '660'])
    assert.deepEqual([dirname(path), `${path}-gate`].map(modeOf), ['770', '770'])
    const [mark = ''] = readdirSync(`${path}-gate`)
    assert.equal(modeOf(join(`${path}-gate`, mark)), '660')
  })

  test('two users of a group write while both come and go: nothing is lost', { skip: noRoot }, async (t) => {
    const path = join(dirname(freshPath(t)), 'shared', 'sessions')
    chmodSync(dirname(dirname(path)), 0o755)
    mkdirSync(dirname(path))
    chownSync(dirname(path), ANN, GROUP)
    chmodSync(dirname(path), 0o2770)
    const as = (user: number, task: string, times: number) =>
      startChild('group-member.ts', path, String(user), String(GROUP), task, String(times))
    const first = as(ANN, 'increment', 200)
    await first.hasWritten(1)
    const children = [first, as(BOB, 'increment', 200), as(BOB, 'reopen', 20), as(ANN, 'reopen', 20)]
    for (const child of children) assert.equal(await child.ended, 0, child.errors())
    assert.equal(openBackend(t, { path }).read('counter')?.body, '400')
  })

  test('who opens waits for a mark that cannot be read', async (t) => {
    const path = freshPath(t)
    await openBackend(t, { path }).close()
    // In the place of the mark of another user, which root could read.
    const mark = join(`${path}-gate`, 'somebody')
    mkdirSync(mark)
    const at = (Date.now() - 1900) / 1000
    utimesSync(mark, at, at)
    const started = performance.now()
    openBackend(t, { path })
    const ms = performance.now() - started
    assert.ok(ms > 80, `waited ${ms} ms for a mark with 100 ms to live`)
  })
})
