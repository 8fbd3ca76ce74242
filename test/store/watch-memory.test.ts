import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BackedStore } from '../../lib/store/backed-store'
import { MemoryStore } from '../../lib/store/memory'
import { MapBackend } from '../support/map-backend'
import { cookie, owner, Told, testWatching } from '../support/watching'

testWatching('the memory of one process', (options) => {
  const store = new MemoryStore(options)
  return { watching: store, writing: store, close: () => store.close() }
})

test('MemoryStore: a session that had to leave is told as evicted, with its last data', async (t) => {
  const store = new MemoryStore({ max: 2 })
  t.after(() => store.close())
  const told = await Told.of(store, { all: true })
  await store.set('a', { cookie: cookie(), n: 1 } as never)
  await told.words(1)
  await store.set('b', { cookie: cookie() } as never)
  await store.set('c', { cookie: cookie() } as never)
  assert.deepEqual((await told.words(4)).sort(), ['created', 'created', 'created', 'ended evicted'])
  const [evicted] = told.events.filter(({ type }) => type === 'ended')
  assert.equal(evicted?.fingerprint, store.fingerprintOf('a'))
  assert.deepEqual({ ...evicted?.data }, { n: 1 })
})

test('a store of a backend that cannot tell is looked at every second, for sessions and owners', async (t) => {
  const backend = new MapBackend()
  const store = new BackedStore(backend, {})
  t.after(() => store.close())
  await assert.rejects(
    store.watch({ all: true }, () => {}),
    { code: 'ERR_SESSION_USAGE' },
  )
  await store.set('a', { cookie: cookie(), n: 1 } as never)
  const told = await Told.of(store, { session: 'a' })
  await store.set('a', { cookie: cookie(), n: 2 } as never)
  assert.deepEqual(await told.words(1), ['changed'])
  await store.destroy('a')
  assert.deepEqual(await told.words(2), ['changed', 'ended destroyed'])
})

test('what cannot be read is read later, and told once', async (t) => {
  const store = new MemoryStore({ owner })
  t.after(() => store.close())
  const told = await Told.of(store, { all: true })
  await store.set('a', { cookie: cookie() } as never)
  // News is read in a later turn.
  const { backend } = store
  const { read } = backend
  let failures = 3
  backend.read = function (key) {
    if (failures-- > 0) throw new Error('cannot tell')
    return read.call(this, key)
  }
  assert.deepEqual(await told.words(1), ['created'])
  assert.equal(failures, -1)
})
