import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Backend, Entry } from '../../lib/backend/contract'
import { partOf } from '../support/kits'
import { MapBackend } from '../support/map-backend'
import { inTime } from '../support/session-app'
import { odd, ours } from './ours'

const { BackedStore } = partOf('store/backed-store')
const TIMEOUT = { storeTimeout: 50 }
const routes = {
  '/destroy': (req: any, res: any, next: any) => req.session.destroy().then(() => res.end('ended'), next),
  '/regenerate': (req: any, res: any, next: any) => req.session.regenerate().then(() => res.end('new'), next),
  '/reload': (req: any, res: any, next: any) => req.session.reload().then(() => res.end('again'), next),
}

/** Our kind of store whose backend can stop answering, or fail. */
class FragileBackend implements Backend {
  mode: 'works' | 'hangs' | 'fails' | 'throws' = 'works'
  readonly #inner = new MapBackend()

  read(key: string) {
    return this.#now(() => this.#inner.read(key))
  }
  create(key: string, entry: Entry) {
    return this.#now(() => this.#inner.create(key, entry))
  }
  replace(key: string, seen: string, entry: Entry) {
    return this.#now(() => this.#inner.replace(key, seen, entry))
  }
  remove(key: string) {
    return this.#now(() => this.#inner.remove(key))
  }
  extend(key: string, expires: number) {
    return this.#now(() => this.#inner.extend(key, expires))
  }

  #now<T>(work: () => T): T | Promise<Awaited<T>> {
    if (this.mode === 'works') return work()
    if (this.mode === 'throws') throw new Error('disk full')
    return this.mode === 'fails' ? Promise.reject(new Error('disk full')) : new Promise(() => {})
  }
}

describe('a store that does not answer', () => {
  for (const [call, path] of [
    ['get', '/'],
    ['set', '/put?user=bob'],
    ['destroy', '/destroy'],
    ['destroy', '/regenerate'],
    ['get', '/reload'],
  ] as const) {
    it(`${call} of ${path}: a coded error in time, and it recovers by itself`, async (t) => {
      const store = new odd.HangingStore()
      const { client, told, since } = await ours(t, { store, ...TIMEOUT }, routes)
      await client.get('/put?user=ann')
      since()
      store.hanging.add(call)
      const { status, body } = await inTime(client.get(path))
      assert.equal(status, 500)
      assert.match(body, /ERR_SESSION_STORE_TIMEOUT store (get|set|destroy) was not answered within 50 ms/)
      const [, event] = told.find(([name]) => name === 'storeError') ?? []
      assert.equal(event.operation, call)
      assert.equal(event.error.code, 'ERR_SESSION_STORE_TIMEOUT')
      store.hanging.clear()
      assert.equal((await inTime(client.get('/put?user=eve'))).status, 200)
      assert.equal((await inTime(client.get('/'))).body, '{"user":"eve"}')
    })
  }

  it('touch: the response comes in time all the same', async (t) => {
    const store = new odd.HangingStore()
    const { client, since } = await ours(t, { store, ...TIMEOUT })
    await client.get('/put?user=ann')
    since()
    store.hanging.add('touch')
    const { status, body } = await inTime(client.get('/'))
    assert.equal(status, 200)
    assert.equal(body, '{"user":"ann"}')
    assert.deepEqual(since(), ['storeError'])
    store.hanging.clear()
    assert.equal((await inTime(client.get('/'))).status, 200)
  })

  it('a slow answer within the time is waited for, and with false however long it takes', async (t) => {
    for (const storeTimeout of [5000, false, Number.POSITIVE_INFINITY]) {
      const store = new odd.SlowStore({ get: 40, set: 40 })
      const { client } = await ours(t, { store, storeTimeout })
      await client.get('/put?user=ann')
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
    }
  })

  it('an answer that comes too late has no effect', async (t) => {
    const store = new odd.SlowStore({})
    const { client } = await ours(t, { store, ...TIMEOUT })
    await client.get('/put?user=ann')
    store.hold('get')
    assert.equal((await inTime(client.get('/'))).status, 500)
    store.release('get')
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
  })

  it('a later commit of the same session does not wait for one that hangs for longer than it may', async (t) => {
    const store = new odd.SlowStore({})
    const { client } = await ours(t, { store, ...TIMEOUT })
    await client.get('/put?user=ann')
    store.hold('set')
    const first = client.get('/put?a=1')
    const second = client.twin().get('/put?b=1')
    assert.deepEqual(
      (await inTime(Promise.all([first, second]))).map(({ status }) => status),
      [500, 500],
    )
    store.release('set')
    await client.get('/put?c=1')
    const data = JSON.parse((await client.get('/')).body)
    assert.equal(data.c, '1')
    assert.equal(data.user, 'ann')
  })
})

describe('a store that fails', () => {
  for (const [call, path] of [
    ['get', '/'],
    ['set', '/put?user=bob'],
    ['destroy', '/destroy'],
    ['destroy', '/regenerate'],
    ['get', '/reload'],
  ] as const) {
    it(`${call} of ${path}: an error page with a code, and the next request works`, async (t) => {
      const store = new odd.FailingStore()
      const { client } = await ours(t, { store }, routes)
      await client.get('/put?user=ann')
      store.failing.add(call)
      const { status, body, setCookies } = await client.get(path)
      assert.equal(status, 500)
      assert.match(body, /ERR_SESSION_STORE .*disk full/)
      // A regenerated session is there even if the old one could not be ended, and is saved.
      const saved = path === '/regenerate'
      assert.equal(
        setCookies.some((line) => /=s%3A/.test(line)),
        saved,
      )
      store.failing.clear()
      assert.equal((await client.get('/put?user=eve')).status, 200)
      assert.equal((await client.get('/')).body, '{"user":"eve"}')
    })
  }

  it('touch: the response does not suffer', async (t) => {
    const store = new odd.FailingStore('touch')
    const { client, since } = await ours(t, { store })
    await client.get('/put?user=ann')
    since()
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
    assert.deepEqual(since(), ['storeError'])
  })

  it('by throwing, or by a promise that fails', async (t) => {
    for (const fail of [
      () => {
        throw new Error('disk full')
      },
      async () => {
        throw new Error('disk full')
      },
    ]) {
      const store = new odd.PlainStore()
      const { client } = await ours(t, { store })
      await client.get('/put?user=ann')
      const { get, set } = store
      store.get = fail
      assert.match((await inTime(client.get('/'))).body, /ERR_SESSION_STORE .*disk full/)
      store.get = get
      store.set = fail
      assert.match((await inTime(client.get('/put?user=bob'))).body, /ERR_SESSION_STORE .*disk full/)
      store.set = set
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
    }
  })

  it('with something that is no Error is an error all the same', async (t) => {
    const store = new odd.PlainStore()
    const { client } = await ours(t, { store })
    await client.get('/put?user=ann')
    store.get = (_sid: string, done: any) => setImmediate(done, 'out of order')
    assert.match((await client.get('/')).body, /ERR_SESSION_STORE .*out of order/)
  })
})

describe('a store that calls back twice', () => {
  it('set, touch and destroy: the second answer has no effect', async (t) => {
    const store = new odd.TwiceStore()
    const { client } = await ours(t, { store }, routes)
    assert.equal((await client.get('/put?user=ann')).body, 'put')
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
    assert.equal((await client.get('/regenerate')).body, 'new')
    assert.equal((await client.get('/destroy')).body, 'ended')
  })
})

describe('a strict store', () => {
  it('never sees a write, touch or destroy of a session that is not there', async (t) => {
    const store = new odd.StrictStore()
    const { client } = await ours(
      t,
      { store },
      {
        ...routes,
        '/renew': (req, res, next) => {
          req.session.renewId().then(() => res.end(), next)
        },
      },
    )
    for (const path of [
      '/put?a=1',
      '/',
      '/put?b=1',
      '/renew',
      '/regenerate',
      '/put?c=1',
      '/destroy',
      '/',
      '/put?d=1',
    ]) {
      assert.equal((await client.get(path)).status, 200, path)
    }
    assert.deepEqual(store.violations, [])
  })

  it('also when requests of one session cross', async (t) => {
    const store = new odd.StrictStore()
    const { client } = await ours(t, { store }, routes)
    for (let round = 0; round < 5; round++) {
      await client.get('/put?user=ann')
      const twins = Array.from({ length: 6 }, () => client.twin())
      await Promise.all(twins.map((twin, i) => twin.get(i === 3 ? '/destroy' : i % 2 ? '/' : `/put?k${i}=1`)))
      client.jar.clear()
    }
    assert.deepEqual(store.violations, [])
  })
})

describe('a backend of ours', () => {
  for (const mode of ['hangs', 'fails', 'throws'] as const) {
    it(`that ${mode} is a coded error in time, and recovers by itself`, async (t) => {
      const backend = new FragileBackend()
      const store = new BackedStore(backend)
      const { client, since } = await ours(t, { store, ...TIMEOUT }, routes)
      await client.get('/put?user=ann')
      since()
      backend.mode = mode
      for (const path of ['/', '/put?user=bob']) {
        const { status, body } = await inTime(client.get(path))
        assert.equal(status, 500)
        assert.match(body, mode === 'hangs' ? /ERR_SESSION_STORE_TIMEOUT/ : /ERR_SESSION_STORE .*disk full/)
      }
      assert.ok(since().every((name) => name === 'storeError'))
      backend.mode = 'works'
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
    })

    it(`that ${mode} while a session is saved gives no page that says otherwise`, async (t) => {
      const backend = new FragileBackend()
      const { client } = await ours(
        t,
        { store: new BackedStore(backend), ...TIMEOUT },
        {
          '/break': (req, res) => {
            backend.mode = mode
            req.session.user = 'bob'
            res.end('saved')
          },
        },
      )
      await client.get('/put?user=ann')
      assert.equal((await inTime(client.get('/break'))).status, 500)
      backend.mode = 'works'
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
    })
  }
})
