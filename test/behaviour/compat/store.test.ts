import assert from 'node:assert/strict'
import { type Handler, routes } from '../../support/app'
import { stopClock, turns } from '../../support/clock'
import { gate, inTime, putData, serveWith, showData } from '../../support/session-app'
import { behaviour, behaviourOnStores } from './behaviour'

const basics = { '/put': putData, '/': showData }

behaviourOnStores(
  'T5: store.generate(req) puts a new session on the request',
  async ({ kit, t, newStore }) => {
    const app = routes({
      '/put': putData,
      '/generate': (req, res) => {
        const before = { id: req.sessionID, session: req.session }
        req.sessionStore.generate(req)
        assert.notEqual(req.sessionID, before.id)
        assert.notEqual(req.session, before.session)
        assert.equal(req.session.id, req.sessionID)
        assert.deepEqual(Object.keys(req.session), ['cookie'])
        assert.equal(req.session.cookie.path, '/')
        req.session.user = 'bob'
        res.end(req.sessionID)
      },
      '/': showData,
    })
    const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
    await client.get('/put?user=ann')
    const old = `connect.sid=${client.cookie()}`
    const { body } = await client.get('/generate')
    assert.ok(client.cookie()?.startsWith(`s%3A${encodeURIComponent(body)}.`))
    assert.equal((await client.get('/')).body, '{"user":"bob"}')
    // `generate` alone ends nothing.
    assert.equal((await client.get('/', { cookie: old })).body, '{"user":"ann"}')
  },
)

behaviourOnStores('T5: store.regenerate(req, fn) ends the old session and calls back', async (scene) => {
  const app = routes({
    ...basics,
    '/regenerate': (req, res, next) => {
      const before = req.sessionID
      req.sessionStore.regenerate(req, (error: unknown) => {
        if (error) return next(error)
        assert.notEqual(req.sessionID, before)
        req.session.user = 'bob'
        return res.end()
      })
    },
  })
  const client = (await serveWith(scene.kit, scene.t, { store: scene.newStore() }, app)).client()
  await client.get('/put?user=ann')
  const old = `connect.sid=${client.cookie()}`
  await client.get('/regenerate')
  assert.equal((await client.get('/')).body, '{"user":"bob"}')
  assert.equal((await client.get('/', { cookie: old })).body, '{}')
})

behaviour('T5: a new session comes even if ending the old one failed', async ({ kit, t, stores }) => {
  const store = new stores.FailingStore('destroy')
  const seen: unknown[] = []
  const app = routes({
    '/put': putData,
    '/regenerate': (req, res) => {
      const before = req.sessionID
      req.session.regenerate((error: unknown) => {
        seen.push(error instanceof Error, req.sessionID !== before, Object.keys(req.session))
        res.end()
      })
    },
  })
  const client = (await serveWith(kit, t, { store }, app)).client()
  await client.get('/put')
  await client.get('/regenerate')
  assert.deepEqual(seen, [true, true, ['cookie']])
})

behaviour('T5: two middlewares on one store each make their own sessions', async ({ kit, t, newStore }) => {
  const store = newStore()
  const first = (await serveWith(kit, t, { store, genid: () => 'first' }, putData)).client()
  const second = (await serveWith(kit, t, { store, genid: () => 'second' }, putData)).client()
  await first.get('/')
  await second.get('/')
  assert.match(first.cookie() ?? '', /^s%3Afirst\./)
  assert.match(second.cookie() ?? '', /^s%3Asecond\./)
})

behaviour('T6: createSession makes a Session of a record and puts it on the request', ({ session, t }) => {
  const clock = stopClock(t)
  const store = new session.Store()
  const end = new Date(clock.now() + 30_000)
  const record = {
    cookie: { originalMaxAge: 60_000, expires: end.toISOString(), httpOnly: true, path: '/x' },
    user: 'ann',
  } as any
  const req = { sessionID: 'a', sessionStore: store } as any
  const made = store.createSession(req, record)
  assert.equal(made, req.session)
  assert.ok(made instanceof session.Session)
  assert.equal(made.id, 'a')
  assert.equal(made.user, 'ann')
  // The record itself is changed, which stores rely on.
  assert.ok(record.cookie instanceof session.Cookie)
  assert.equal(made.cookie, record.cookie)
  assert.deepEqual(made.cookie.expires, end)
  assert.equal(made.cookie.maxAge, 30_000)
  assert.equal(made.cookie.originalMaxAge, 60_000, 'kept, though setting expires sets it too')
  assert.equal(made.cookie.path, '/x')
})

behaviour(
  'T6: load gives the session of an id outside a request, or nothing',
  async ({ stores, session }) => {
    const store = new stores.PlainStore()
    store.rows.set('a', '{"cookie":{"path":"/"},"user":"ann"}')
    const load = (sid: string) =>
      new Promise<any>((resolve, reject) => {
        store.load(sid, (error: unknown, found: unknown) => (error ? reject(error) : resolve(found)))
      })
    const found = await load('a')
    assert.ok(found instanceof session.Session)
    assert.equal(found.user, 'ann')
    assert.equal(found.id, 'a')
    assert.equal(await load('b'), undefined)
    const failing = new stores.FailingStore('get')
    await assert.rejects(new Promise((_, reject) => failing.load('a', reject)), /disk full/)
  },
)

behaviour('T7: a store with on, get, set and destroy is enough', async ({ kit, t }) => {
  const rows = new Map<string, string>()
  const asked: string[] = []
  const store = {
    // Chaining on what `on` returns fails.
    on: () => undefined,
    get: (sid: string, done: any) => setImmediate(done, null, JSON.parse(rows.get(sid) ?? 'null')),
    set: (sid: string, data: any, done: any) => {
      rows.set(sid, JSON.stringify(data))
      setImmediate(done)
    },
    destroy: (sid: string, done: any) => {
      rows.delete(sid)
      setImmediate(done)
    },
  }
  const watched = new Proxy(store, {
    get: (target, name, self) => {
      asked.push(String(name))
      return Reflect.get(target, name, self)
    },
  })
  const app = routes({
    ...basics,
    '/new': (req, res, next) => {
      req.session.regenerate((error: unknown) => {
        if (error) return next(error)
        req.session.user = 'bob'
        return res.end()
      })
    },
    '/end': (req, res) => req.session.destroy(() => res.end()),
  })
  const client = (await serveWith(kit, t, { store: watched }, app)).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
  await client.get('/new')
  assert.equal((await client.get('/')).body, '{"user":"bob"}')
  await client.get('/end')
  assert.equal(rows.size, 0)
  assert.ok(!asked.includes('once'))
})

behaviour('T7: touch is optional', async ({ kit, t, stores }) => {
  const store = new stores.NoTouchStore()
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
  assert.deepEqual(store.calls, ['set', 'get'])
})

behaviour('T7: touch is looked for by its type', async ({ kit, t, stores }) => {
  const store = new stores.NoTouchStore()
  store.touch = 'not a method'
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
})

behaviour('T7: an unchanged session is touched, a changed one set', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  await client.get('/put?user=ann')
  await client.get('/')
  await client.get('/put?user=bob')
  assert.deepEqual(store.calls, ['set', 'get', 'touch', 'get', 'set'])
})

behaviour('T8: while the store is disconnected requests pass without a session', async (scene) => {
  const store = scene.newStore()
  const app: Handler = (req, res) => {
    res.end(JSON.stringify([typeof req.session, typeof req.sessionID, typeof req.sessionStore]))
  }
  const client = (await serveWith(scene.kit, scene.t, { store }, app)).client()
  const without = '["undefined","undefined","undefined"]'
  store.emit('disconnect')
  assert.equal((await client.get('/')).body, without)
  store.emit('connect')
  assert.equal((await client.get('/')).body, '["object","string","object"]')
  store.emit('disconnect')
  assert.equal((await client.get('/')).body, without)
})

behaviour('T8: one pair of listeners per store, however many middlewares', ({ session, newStore }) => {
  const store = newStore()
  const options = { secret: 'x', resave: false, saveUninitialized: false, store }
  for (let i = 0; i < 5; i++) session(options)
  assert.equal(store.listenerCount('disconnect'), 1)
  assert.equal(store.listenerCount('connect'), 1)
})

behaviour('T9: get may answer that there is none in several ways', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  await client.get('/put?user=ann')
  const absent = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  for (const answer of [[null, null], [null, undefined], [null, false], [undefined], [], [absent]]) {
    store.get = (_sid: string, done: any) => setImmediate(done, ...answer)
    const { status, body } = await client.get('/')
    assert.equal(status, 200)
    assert.equal(body, '{}')
  }
})

behaviour('T9: an error of get is an error of the request', async ({ kit, t, stores }) => {
  const store = new stores.FailingStore()
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  await client.get('/put?user=ann')
  store.failing.add('get')
  const { status, body } = await client.get('/')
  assert.equal(status, 500)
  assert.match(body, /disk full/)
})

behaviour('T9: get may answer synchronously', async ({ kit, t, stores }) => {
  const client = (await serveWith(kit, t, { store: new stores.SyncStore() }, routes(basics))).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
})

behaviour('T9: get may answer twice: the second answer has no effect', async ({ kit, t, stores }) => {
  let handled = 0
  const app: Handler = (req, res) => {
    handled++
    if (!res.writableEnded) routes(basics)(req, res, () => {})
  }
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const client = (await serveWith(kit, t, { store: new stores.TwiceStore() }, app, { onError })).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
  await client.get('/')
  assert.equal(handled, 3)
  assert.deepEqual(errors, [])
})

behaviour('T9: the handler does not run on the stack of the store', async ({ kit, t, stores }) => {
  const app: Handler = (_req, res) => res.end(String(new Error('where am I').stack))
  const client = (await serveWith(kit, t, { store: new stores.SyncStore() }, [putData, app])).client()
  const other = (await serveWith(kit, t, { store: new stores.SyncStore() }, app)).client()
  await client.get('/')
  const { body } = await other.get('/', { cookie: `connect.sid=${client.cookie()}` })
  assert.doesNotMatch(body, /odd-stores/)
})

behaviour('T10: stores may call back with more arguments than they should', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const { get, set, destroy, touch } = store
  store.get = (sid: string, done: any) => get.call(store, sid, (e: any, v: any) => done(e, v, 'more', {}))
  store.set = (sid: string, s: any, done: any) => set.call(store, sid, s, (e: any) => done(e, 'OK', 1))
  store.touch = (sid: string, s: any, done: any) => touch.call(store, sid, s, (e: any) => done(e, 'OK', 1))
  store.destroy = (sid: string, done: any) => destroy.call(store, sid, (e: any) => done(e, 1, 'OK'))
  const app = routes({
    ...basics,
    '/destroy': (req, res) => req.session.destroy((error: unknown) => res.end(String(error))),
    '/save': (req, res) => req.session.save((error: unknown) => res.end(String(error))),
  })
  const client = (await serveWith(kit, t, { store }, app)).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
  assert.match((await client.get('/save')).body, /^(null|undefined)$/)
  assert.match((await client.get('/destroy')).body, /^(null|undefined)$/)
})

behaviour('T10: MemoryStore: set, touch and destroy need no callback', async ({ session }) => {
  const store = new session.MemoryStore()
  const data = { cookie: new session.Cookie(), user: 'ann' }
  store.set('a', data)
  store.touch('a', data)
  const found = await new Promise<any>((resolve) => store.get('a', (_: unknown, row: any) => resolve(row)))
  assert.equal(found.user, 'ann')
  store.destroy('a')
  store.destroy('a')
  store.clear()
  assert.equal(await new Promise((resolve) => store.length((_: unknown, n: number) => resolve(n))), 0)
})

behaviour('T11: MemoryStore: all gives a map from id to session', async ({ session }) => {
  const store = new session.MemoryStore()
  store.set('a', { cookie: new session.Cookie(), user: 'ann' })
  store.set('__proto__', { cookie: new session.Cookie(), user: 'bob' })
  const all = await new Promise<any>((resolve) => store.all((_: unknown, rows: any) => resolve(rows)))
  assert.deepEqual(Object.keys(all).sort(), ['__proto__', 'a'])
  assert.equal(all.a.user, 'ann')
  assert.equal(Object.getPrototypeOf(all), null)
})

behaviour(
  'T12: the stored end of a cookie is no deadline for stores of others',
  async ({ kit, t, stores }) => {
    const clock = stopClock(t)
    // As connect-redis: touch moves the time to live, which the record does not show.
    const store = new stores.PlainStore()
    store.touch = (_sid: string, _session: unknown, done: any) => setImmediate(done)
    const options = { store, cookie: { maxAge: 60_000 } }
    const client = (await serveWith(kit, t, options, routes(basics))).client()
    await client.get('/put?user=ann')
    const cookie = `connect.sid=${client.cookie()}`
    for (const wait of [40_000, 40_000, 40_000]) {
      clock.advance(wait)
      assert.equal((await client.get('/', { cookie })).body, '{"user":"ann"}')
    }
  },
)

behaviour('T13: set and touch get the live session itself', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const given: unknown[] = []
  const live: unknown[] = []
  const { set, touch } = store
  store.set = (sid: string, session: any, done: any) => {
    given.push(session)
    set.call(store, sid, session, done)
  }
  store.touch = (sid: string, session: any, done: any) => {
    given.push(session)
    touch.call(store, sid, session, done)
  }
  const app: Handler = (req, res) => {
    live.push(req.session)
    routes(basics)(req, res, () => {})
  }
  const client = (await serveWith(kit, t, { store }, app)).client()
  await client.get('/put?user=ann')
  await client.get('/')
  assert.equal(given.length, 2)
  given.forEach((session, i) => {
    assert.equal(session, live[i])
  })
  assert.deepEqual(Object.keys(given[1] as object).sort(), ['cookie', 'user'])
})

behaviour('T13: marks that a store puts on the session are no changes', async ({ kit, t, stores }) => {
  const store = new stores.MarkingStore()
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  await client.get('/put?user=ann')
  await client.get('/')
  await client.get('/')
  await client.get('/put?user=bob')
  assert.deepEqual(store.calls, ['set', 'get', 'touch', 'get', 'touch', 'get', 'set'])
  assert.deepEqual(store.faults, [])
  assert.match((await client.get('/')).body, /^\{"user":"bob","__lastAccess":\d+,"lastModified":"/)
})

behaviour('T13: a mark that set has put there does not cause a second set', async ({ kit, t, stores }) => {
  const store = new stores.MarkingStore()
  const app: Handler = (req, res) => {
    req.session.user = 'ann'
    req.session.save(() => res.end())
  }
  const client = (await serveWith(kit, t, { store }, app)).client()
  await client.get('/')
  await client.get('/')
  assert.equal(store.count('set'), 2)
})

behaviour('T14: stores find the times of the cookie where express-session has them', async (scene) => {
  const clock = stopClock(scene.t)
  const store = new scene.stores.PlainStore()
  const seen: any[] = []
  for (const call of ['set', 'touch']) {
    const original = store[call]
    store[call] = (sid: string, session: any, done: any) => {
      const { cookie } = session
      seen.push([cookie.expires, cookie._expires, cookie.maxAge, cookie.originalMaxAge])
      assert.ok(cookie.expires instanceof Date)
      assert.equal(cookie.toJSON().originalMaxAge, 60_000)
      original.call(store, sid, session, done)
    }
  }
  const options = { store, cookie: { maxAge: 60_000 } }
  const client = (await serveWith(scene.kit, scene.t, options, routes(basics))).client()
  await client.get('/put?user=ann')
  clock.advance(1000)
  await client.get('/')
  const end = (ms: number) => new Date(clock.now() - 1000 + ms)
  assert.deepEqual(seen, [
    [end(60_000), end(60_000), 60_000, 60_000],
    [end(61_000), end(61_000), 60_000, 60_000],
  ])
})

behaviour('T15: a touch that finds no row is no error of the response', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const errors: unknown[] = []
  const app = routes({
    ...basics,
    '/vanish': (_req, res) => {
      store.rows.clear()
      res.end('answered')
    },
  })
  const onError = (error: unknown, _req: unknown, res: any) => {
    errors.push(error)
    res.end()
  }
  const client = (await serveWith(kit, t, { store }, app, { onError })).client()
  await client.get('/put?user=ann')
  const { status, body } = await inTime(client.get('/vanish'))
  assert.equal(status, 200)
  assert.equal(body, 'answered')
  await turns(3)
  assert.deepEqual(errors, [])
})

behaviour('T16: MemoryStore.sessions maps ids to JSON, and tests poke it', async ({ kit, t, session }) => {
  const store = new session.MemoryStore()
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  assert.equal(Object.getPrototypeOf(store.sessions), null)
  assert.deepEqual(Object.keys(store.sessions), [])
  await client.get('/put?user=ann')
  const [sid = ''] = Object.keys(store.sessions)
  assert.equal(sid.length, 32)
  assert.equal(JSON.parse(store.sessions[sid]).user, 'ann')
  assert.ok(sid in store.sessions)

  store.sessions[sid] = JSON.stringify({ ...JSON.parse(store.sessions[sid]), user: 'bob' })
  assert.equal((await client.get('/')).body, '{"user":"bob"}')
  delete store.sessions[sid]
  assert.equal((await client.get('/')).body, '{}')

  store.sessions = { [sid]: '{"cookie":{},"user":"eve"}' }
  assert.equal((await client.get('/')).body, '{"user":"eve"}')
  store.sessions = {}
  assert.equal(store.sessions[sid], undefined)
  assert.deepEqual(Object.entries(store.sessions), [])
})

behaviour('T16: MemoryStore calls back later, not in the same turn', async ({ session }) => {
  const store = new session.MemoryStore()
  const data = { cookie: new session.Cookie() }
  const order: string[] = []
  const noted = (name: string) =>
    new Promise<void>((resolve) => calls[name]?.(() => resolve(void order.push(name))))
  const calls: Record<string, (done: () => void) => void> = {
    set: (done) => store.set('a', data, done),
    get: (done) => store.get('a', done),
    touch: (done) => store.touch('a', data, done),
    all: (done) => store.all(done),
    length: (done) => store.length(done),
    destroy: (done) => store.destroy('a', done),
    clear: (done) => store.clear(done),
  }
  for (const name of Object.keys(calls)) {
    const called = noted(name)
    order.push(`after ${name}`)
    await called
    assert.deepEqual(order.splice(0), [`after ${name}`, name])
  }
})

behaviour('T16: MemoryStore drops what has expired', async ({ session, t }) => {
  const clock = stopClock(t)
  const store = new session.MemoryStore()
  const get = () => new Promise<any>((resolve) => store.get('a', (_: unknown, row: any) => resolve(row)))
  store.set('a', { cookie: new session.Cookie({ maxAge: 1000 }), user: 'ann' })
  clock.advance(999)
  assert.equal((await get()).user, 'ann')
  clock.advance(1)
  assert.ok(!(await get()))
  assert.deepEqual(Object.keys(store.sessions), [])
})

behaviour('T29: a method overridden on the instance is called', async ({ kit, t, session }) => {
  const store = new session.MemoryStore()
  const called: string[] = []
  const client = (
    await serveWith(
      kit,
      t,
      { store },
      routes({
        ...basics,
        '/destroy': (req, res) => req.session.destroy(() => res.end()),
      }),
    )
  ).client()
  for (const name of ['get', 'set', 'touch', 'destroy']) {
    const original = store[name]
    store[name] = function traced(this: unknown, ...args: unknown[]) {
      called.push(name)
      return original.apply(this, args)
    }
  }
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
  await client.get('/destroy')
  assert.deepEqual(called, ['set', 'get', 'touch', 'get', 'destroy'])
})

behaviour('T29: an override may come and go while the application runs', async ({ kit, t, session }) => {
  const store = new session.MemoryStore()
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  await client.get('/put?user=ann')
  store.get = (_sid: string, done: any) => setImmediate(done, null, { cookie: {}, user: 'faked' })
  assert.equal((await client.get('/')).body, '{"user":"faked"}')
  delete store.get
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
})

behaviour('T29: a subclass of MemoryStore that overrides a method is obeyed', async ({ kit, t, session }) => {
  class Upper extends session.MemoryStore {
    set(sid: string, data: any, done: any): void {
      super.set(sid, { ...data, user: String(data.user).toUpperCase() }, done)
    }
  }
  const client = (await serveWith(kit, t, { store: new Upper() }, routes(basics))).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ANN"}')
})

behaviour('T29: overridden createSession and regenerate are called', async ({ kit, t, session }) => {
  const called: string[] = []
  class Mine extends session.MemoryStore {
    createSession(req: any, data: any): any {
      called.push('createSession')
      return super.createSession(req, data)
    }
    regenerate(req: any, done: any): void {
      called.push('regenerate')
      super.regenerate(req, done)
    }
  }
  const app = routes({
    ...basics,
    '/regenerate': (req, res) => req.session.regenerate(() => res.end()),
  })
  const client = (await serveWith(kit, t, { store: new Mine() }, app)).client()
  await client.get('/put?user=ann')
  await client.get('/')
  await client.get('/regenerate')
  assert.deepEqual(called, ['createSession', 'createSession', 'regenerate'])
})

behaviour('T29: createSession may make the record itself the session', async ({ kit, t, session }) => {
  class Mine extends session.MemoryStore {
    createSession(req: any, data: any): any {
      const { cookie } = super.createSession(req, data)
      data.cookie = cookie
      Object.defineProperties(data, { req: { value: req }, id: { value: req.sessionID } })
      req.session = Object.setPrototypeOf(data, session.Session.prototype)
      return data
    }
  }
  const client = (await serveWith(kit, t, { store: new Mine() }, routes(basics))).client()
  await client.get('/put?user=ann')
  await client.get('/put?user=bob')
  assert.equal((await client.get('/')).body, '{"user":"bob"}')
})

behaviourOnStores('T30: resave rewrites an unchanged session', async ({ kit, t, newStore }) => {
  const clock = stopClock(t)
  const store = newStore()
  const options = { store, resave: true, cookie: { maxAge: 60_000 } }
  const client = (await serveWith(kit, t, options, routes(basics))).client()
  await client.get('/put?user=ann')
  clock.advance(50_000)
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
  clock.advance(50_000)
  assert.equal((await client.get('/', { cookie: `connect.sid=${client.cookie()}` })).status, 200)
})

behaviourOnStores("T30: resave does not put the loaded copy over somebody else's change", async (scene) => {
  const started = gate()
  const finish = gate()
  const app = routes({
    ...basics,
    '/slow': async (_req, res) => {
      started.open()
      await finish.opened
      res.end()
    },
  })
  const options = { store: scene.newStore(), resave: true }
  const client = (await serveWith(scene.kit, scene.t, options, app)).client()
  await client.get('/put?user=ann')
  const slow = client.get('/slow')
  await started.opened
  await client.get('/put?user=bob')
  finish.open()
  await slow
  assert.equal((await client.get('/')).body, '{"user":"bob"}')
})
