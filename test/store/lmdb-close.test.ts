import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { freshPath, openBackend } from '../support/lmdb/file'

/** What is used here of lmdb and its native environment. */
interface Lmdb {
  open(options: object): { env: Native }
}
interface Native {
  startWriting(address: number, done: (status: number) => unknown): void
  close(): void
}

// The very object that the library gets; an import would make another.
const lmdb: Lmdb = require('lmdb')

async function until(condition: () => boolean): Promise<void> {
  for (let ms = 0; !condition() && ms < 5000; ms++) await sleep(1)
  assert.ok(condition())
}

test('close waits for every transaction, also when a later one was on the disk first', async (t) => {
  const { open } = lmdb
  let endFirst: (() => void) | undefined
  let closed = false
  t.mock.method(lmdb, 'open', (options: object) => {
    const root = open(options)
    const { env } = root
    const startWriting = env.startWriting.bind(env)
    const close = env.close.bind(env)
    let started = 0
    Object.defineProperty(env, 'startWriting', {
      value: (address: number, done: (status: number) => unknown) => {
        const isFirst = started++ === 0
        startWriting(address, (status) => {
          if (!isFirst || status !== 0) return done(status)
          endFirst = () => done(status)
          return undefined
        })
      },
    })
    Object.defineProperty(env, 'close', {
      value: () => {
        closed = true
        close()
      },
    })
    return root
  })
  const backend = openBackend(t, { path: freshPath(t), pruneInterval: 0 })
  const entry = { body: 'x', expires: Infinity }
  const first = backend.create('first', entry)
  await until(() => endFirst !== undefined)
  assert.equal(await backend.create('second', entry), true)
  assert.equal(await first, true)
  await backend.flush()

  const closing = backend.close()
  for (let turns = 0; turns < 20; turns++) await nextTurn()
  assert.equal(closed, false)
  endFirst?.()
  await closing
  assert.equal(closed, true)
})
