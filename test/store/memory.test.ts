import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { MemoryBackend } from '../../lib/backend/memory/backend'
import { Cookie } from '../../lib/session/cookie'
import { MemoryStore } from '../../lib/store/memory'
import { NOON, stopClock, stopTimers } from '../support/clock'
import { collectGarbage, heapUsed } from '../support/garbage'

const run = promisify(execFile)
const record = (maxAge?: number, data: object = {}): any => ({
  cookie: new Cookie(maxAge ? { maxAge } : {}),
  ...data,
})
const entry = (expires = Number.POSITIVE_INFINITY, owner?: string) => ({
  body: '{"cookie":{}}',
  expires,
  owner,
})

describe('MemoryStore is bounded', () => {
  it('beyond max the session idle for longest leaves, and an event tells without an id', async () => {
    const store = new MemoryStore({ max: 3 })
    const evicted: unknown[] = []
    store.on('evicted', (...told) => evicted.push(...told))
    for (const id of ['first', 'second', 'third']) await store.set(id, record())
    // Reading, touching and writing are uses.
    await store.get('first')
    await store.touch('second', record())
    await store.set('fourth', record())
    assert.deepEqual(Object.keys(store.sessions).sort(), ['first', 'fourth', 'second'])
    await store.set('first', record())
    await store.set('fifth', record())
    assert.deepEqual(Object.keys(store.sessions).sort(), ['fifth', 'first', 'fourth'])
    assert.equal(await store.length(), 3)
    assert.equal(evicted.length, 2)
    for (const told of evicted) assert.match(String(told), /^[A-Za-z0-9_-]{12}$/)
    assert.ok(!JSON.stringify(evicted).includes('third'))
    await store.close()
  })

  it('by default a million, by option any number', async () => {
    const store = new MemoryStore({ max: 1 })
    for (let i = 0; i < 100; i++) await store.set(`${i}`, record())
    assert.deepEqual(Object.keys(store.sessions), ['99'])
  })

  it('writing a session that is there pushes nothing out', async () => {
    const store = new MemoryStore({ max: 2 })
    for (let i = 0; i < 10; i++) {
      await store.set('a', record())
      await store.set('b', record())
    }
    assert.equal(await store.length(), 2)
    assert.ok(await store.get('a'))
  })

  it('what has expired makes room before the living, without an event', (t) => {
    const clock = stopClock(t)
    let evicted = 0
    const backend = new MemoryBackend(2, { evicted: () => evicted++ })
    backend.create('short', entry(NOON + 10))
    backend.create('long', entry())
    clock.advance(10)
    backend.create('new', entry())
    assert.equal(evicted, 0)
    assert.deepEqual([...backend.keys()].sort(), ['long', 'new'])
  })
})

describe('MemoryStore lets go of what has expired', () => {
  it('by itself, within a minute or so, a little at a time', async (t) => {
    const clock = stopTimers(t)
    const store = new MemoryStore()
    for (let i = 0; i < 5000; i++) store.set(`${i}`, record(i % 5 === 0 ? 3_600_000 : 1000))
    const { backend } = store
    assert.equal(backend.size, 5000)
    clock.advance(2000)
    const afterTwoSeconds = backend.size
    assert.ok(afterTwoSeconds > 2000, 'not all at once')
    const drops: number[] = []
    for (let i = 0; i < 700; i++) {
      const before = backend.size
      clock.advance(125)
      drops.push(before - backend.size)
    }
    assert.equal(backend.size, 1000, 'the living stay, the dead have left though nobody asked for them')
    assert.ok(Math.max(...drops) < 500, `${Math.max(...drops)} at a turn`)
    await store.close()
  })

  it('each turn ends when it has taken its time, and the next goes on there', () => {
    const backend = new MemoryBackend()
    for (let i = 0; i < 200_000; i++) backend.create(`key-${i}`, entry(i % 2 ? NOON : undefined))
    const drops: number[] = []
    let turns = 0
    while (turns < 5000 && backend.size > 100_000) {
      const before = backend.size
      let asked = 0
      const through = backend.sweep(NOON, 1, () => ++asked === 3)
      assert.ok(!through || backend.size === 100_000)
      drops.push(before - backend.size)
      turns++
    }
    assert.equal(backend.size, 100_000, 'it came to all of them')
    // Whatever a map holds: no more than what is looked at between three questions.
    assert.ok(Math.max(...drops) <= 3 * 64, `${Math.max(...drops)} at a turn`)
  })

  it('asks for the time every few records, however many there are', () => {
    const backend = new MemoryBackend()
    for (let i = 0; i < 300_000; i++) backend.create(`key-${i}`, entry(NOON))
    let most = 0
    let before = backend.size
    backend.sweep(NOON, 1, () => {
      most = Math.max(most, before - backend.size)
      before = backend.size
      return false
    })
    assert.equal(backend.size, 0)
    assert.ok(most <= 64, `${most} without asking`)
  })

  it('goes on rightly when sessions come and go between its turns', () => {
    const backend = new MemoryBackend()
    for (let i = 0; i < 50_000; i++) backend.create(`key-${i}`, entry(i % 2 ? NOON : undefined))
    const once = () => backend.sweep(NOON, 1, () => true)
    for (let i = 0; i < 50; i++) {
      once()
      backend.remove(`key-${i}`)
      backend.create(`new-${i}`, entry(NOON))
    }
    once()
    backend.clear()
    backend.create('key-0', entry())
    for (let i = 0; i < 3000; i++) once()
    assert.deepEqual([...backend.keys()], ['key-0'])
    assert.equal(backend.size, 1)
  })

  it('a closed store sweeps no more', async (t) => {
    const clock = stopTimers(t)
    const store = new MemoryStore()
    store.set('a', record(1000))
    await store.close()
    clock.advance(200_000)
    assert.equal(store.backend.size, 1)
  })
})

describe('MemoryStore does not leak', () => {
  it('sessions that were destroyed leave nothing behind', async () => {
    const store = new MemoryStore()
    const round = async (n: number) => {
      for (let i = 0; i < 20_000; i++)
        store.set(`round-${n}-${i}`, record(undefined, { data: 'x'.repeat(200) }))
      for (let i = 0; i < 20_000; i++) store.destroy(`round-${n}-${i}`)
      assert.equal(store.backend.size, 0)
      return heapUsed()
    }
    await round(0)
    const before = await round(1)
    const after = await round(2)
    assert.ok(after - before < 1_000_000, `${after - before} bytes`)
  })

  it('nor do their owners', async () => {
    const backend = new MemoryBackend()
    for (let i = 0; i < 100; i++) backend.create(`${i}`, entry(undefined, `owner-${i}`))
    for (let i = 0; i < 50; i++) backend.replace(`${i}`, entry().body, entry(undefined, 'one'))
    for (let i = 0; i < 100; i++) backend.remove(`${i}`)
    for (let i = 0; i < 100; i++) assert.deepEqual(backend.ownedBy(`owner-${i}`), [])
    assert.deepEqual(backend.ownedBy('one'), [])
    const owned = new WeakRef({})
    backend.create('a', entry(undefined, 'x'))
    backend.clear()
    assert.deepEqual(backend.ownedBy('x'), [])
    assert.ok(owned)
  })

  it('a store that nobody uses any more is collected', async () => {
    const unused = (() => {
      const store = new MemoryStore()
      store.set('a', record())
      return new WeakRef(store)
    })()
    await collectGarbage()
    assert.equal(unused.deref(), undefined)
  })

  it('a process that has made a store ends by itself', async () => {
    const script = `
      const session = require('./lib')
      const store = new session.MemoryStore()
      session({ secret: 'x', resave: false, saveUninitialized: false, store })
      store.set('a', { cookie: new session.Cookie({ maxAge: 60000 }) }, () => console.log('done'))`
    const root = join(__dirname, '../..')
    const { stdout } = await run(process.execPath, ['--import', 'tsx', '-e', script], {
      cwd: root,
      timeout: 10_000,
    })
    assert.equal(stdout, 'done\n')
  })
})

describe('MemoryStore.sessions is a view', () => {
  it('of what is there, for every way to look at an object', async () => {
    const store = new MemoryStore()
    await store.set('a', record(undefined, { n: 1 }))
    const sessions: Record<string, string> = store.sessions
    assert.deepEqual(Object.keys(sessions), ['a'])
    assert.deepEqual(Reflect.ownKeys(sessions), ['a'])
    assert.deepEqual(
      ['a', 'b', 'toString'].map((id) => Reflect.has(sessions, id)),
      [true, false, false],
    )
    const names = []
    for (const name in sessions) names.push(name)
    assert.deepEqual(names, ['a'])
    assert.equal(JSON.parse(sessions['a'] ?? '').n, 1)
    assert.deepEqual(Object.keys({ ...sessions }).length, 1)
    assert.deepEqual(Object.keys(Object.assign({}, sessions)), ['a'])
    assert.equal(Object.values(sessions).length, 1)
    assert.match(JSON.stringify(sessions), /^\{"a":"/)
  })

  it('and what is written there is stored', async (t) => {
    const clock = stopClock(t)
    const store = new MemoryStore()
    store.sessions['a'] = JSON.stringify(record(1000, { n: 1 }))
    assert.equal((await store.get('a'))?.['n'], 1)
    clock.advance(1000)
    assert.equal(await store.get('a'), null)
    Object.assign(store.sessions, { b: JSON.stringify(record()), __proto__: 'no key of its own' })
    Object.defineProperty(store.sessions, 'c', { value: JSON.stringify(record()) })
    assert.deepEqual(Object.keys(store.sessions).sort(), ['b', 'c'])
    Reflect.set(store.sessions, '__proto__', JSON.stringify(record(undefined, { n: 2 })))
    assert.equal((await store.get('__proto__'))?.['n'], 2)
    delete store.sessions['b']
    assert.equal(await store.get('b'), null)
    assert.equal(delete store.sessions['never'], true)
    store.sessions = Object.create(null)
    assert.equal(await store.length(), 0)
  })

  it('shows where touches have moved the end', async (t) => {
    const clock = stopClock(t)
    const store = new MemoryStore()
    const session = record(60_000)
    await store.set('a', session)
    clock.advance(30_000)
    session.cookie.maxAge = 60_000
    await store.touch('a', session)
    const end = new Date(NOON + 90_000).toISOString()
    assert.equal(JSON.parse(store.sessions['a'] ?? '').cookie.expires, end)
    assert.equal((await store.get('a'))?.cookie.expires, end)
  })
})
