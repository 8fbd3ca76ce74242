/** What express-session's own suite, or an application that reaches into it, looks for. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Handler, routes } from '../../support/app'
import { stopClock } from '../../support/clock'
import { partOf } from '../../support/kits'
import { oddStores } from '../../support/odd-stores'
import { putData, serveWith, showData } from '../../support/session-app'
import { behaviour } from './behaviour'

const basics = { '/put': putData, '/': showData }
const tellError = (error: any, _req: unknown, res: any, _next: unknown) => {
  res.statusCode = 500
  res.end(error.message)
}

behaviour("errors: next gets the store's error in the store's words", async ({ kit, t, stores }) => {
  const store = new stores.FailingStore()
  const destroy: Handler = (req, res, next) => {
    req.session.destroy((error: unknown) => (error ? next(error) : res.end()))
  }
  const app = routes({ ...basics, '/destroy': destroy })
  const client = (await serveWith(kit, t, { store }, app, { onError: tellError })).client()
  await client.get('/put')
  for (const [call, path] of [
    ['get', '/'],
    ['destroy', '/destroy'],
  ] as const) {
    store.failing.add(call)
    const { status, body } = await client.get(path)
    assert.deepEqual([status, body], [500, 'disk full'], call)
    store.failing.clear()
  }
})

it('errors: code and cause are there too', async (t) => {
  const kit = { name: 'sojourn' as const, session: partOf('') }
  const { FailingStore } = oddStores(kit.session.Store)
  const told: any[] = []
  const onError = (error: unknown, _req: unknown, res: any) => {
    told.push(error)
    res.end()
  }
  for (const store of [new FailingStore(), new kit.session.MemoryStore()]) {
    const client = (await serveWith(kit, t, { store }, routes(basics), { onError })).client()
    await client.get('/put')
    if (store.failing) store.failing.add('get')
    else {
      store.backend.read = () => {
        throw new Error('disk full')
      }
    }
    await client.get('/')
  }
  for (const error of told) {
    assert.equal(error.name, 'SessionError')
    assert.equal(error.code, 'ERR_SESSION_STORE')
    assert.equal(error.message, 'disk full')
    assert.equal(error.cause.message, 'disk full')
  }
  assert.equal(told.length, 2)
})

behaviour('Cookie: options that are no object are told in the same words', ({ session }) => {
  for (const options of [42, 'text', true, () => {}]) {
    assert.throws(() => new session.Cookie(options), { name: 'TypeError', message: /argument options/ })
  }
})

behaviour(
  'createSession on Store.prototype is called for each loaded session',
  async ({ kit, t, stores }) => {
    const { prototype } = kit.session.Store
    const { createSession } = prototype
    const made: string[] = []
    prototype.createSession = function (req: any, data: any) {
      made.push(data.user)
      const session = createSession.call(this, req, data)
      session.seen = true
      return session
    }
    t.after(() => {
      prototype.createSession = createSession
    })
    const stored = [new kit.session.MemoryStore(), new stores.PlainStore()]
    for (const store of stored) {
      const client = (await serveWith(kit, t, { store }, routes(basics))).client()
      await client.get('/put?user=ann')
      assert.equal((await client.get('/')).body, '{"user":"ann","seen":true}')
    }
    assert.deepEqual(made, ['ann', 'ann'])
  },
)

behaviour('save on Session.prototype is called at the end of the response', async ({ kit, t, stores }) => {
  const { prototype } = kit.session.Session
  const { save } = prototype
  const saved: unknown[] = []
  prototype.save = function (...args: unknown[]) {
    saved.push(this.user)
    this.stamp = saved.length
    return save.apply(this, args)
  }
  t.after(() => {
    prototype.save = save
  })
  for (const store of [new kit.session.MemoryStore(), new stores.PlainStore()]) {
    saved.length = 0
    const client = (await serveWith(kit, t, { store }, routes(basics))).client()
    const { setCookies } = await client.get('/put?user=ann')
    assert.equal(setCookies.length, 1)
    assert.equal((await client.get('/')).body, '{"user":"ann","stamp":1}')
    await client.get('/put?user=bob')
    assert.equal((await client.get('/')).body, '{"user":"bob","stamp":2}')
    assert.deepEqual(saved, ['ann', 'bob'])
  }
})

behaviour('save on a session is called at the end of its response', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  let calls = 0
  const app = routes({
    ...basics,
    '/wrap': (req, res) => {
      const { save } = req.session
      const wrapped = function (this: any, ...args: unknown[]) {
        calls++
        return save.apply(this, args)
      }
      Object.defineProperty(req.session, 'save', { value: wrapped, configurable: true, writable: true })
      req.session.user = 'ann'
      res.end()
    },
  })
  const client = (await serveWith(kit, t, { store }, app)).client()
  await client.get('/wrap')
  assert.equal(calls, 1)
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
})

behaviour('touch: called by the handler it moves the stored deadline by whatever little', async (scene) => {
  const { kit, t, stores } = scene
  const clock = stopClock(t)
  const store = new stores.PlainStore()
  const touch: Handler = (req, res) => {
    req.session.touch()
    res.end()
  }
  const options = { store, touchAfter: 10_000, cookie: { maxAge: 60_000 } }
  const client = (await serveWith(kit, t, options, routes({ ...basics, '/touch': touch }))).client()
  await client.get('/put')
  const end = () => JSON.parse([...store.rows.values()][0] ?? '').cookie.expires
  clock.advance(1)
  await client.get('/touch')
  assert.equal(end(), new Date(clock.now() + 60_000).toISOString())
})

for (const timeouts of [{}, { idleTimeout: 60_000 }]) {
  it(`touch: so it does in our stores${timeouts.idleTimeout ? ', with an idle time-out' : ''}, and a request that only comes by does not`, async (t) => {
    const clock = stopClock(t)
    const kit = { name: 'sojourn' as const, session: partOf('') }
    const store = new kit.session.MemoryStore()
    const touch: Handler = (req, res) => {
      req.session.touch()
      res.end()
    }
    const options = { store, touchAfter: 10_000, cookie: { maxAge: 60_000 }, ...timeouts }
    const client = (await serveWith(kit, t, options, routes({ ...basics, '/touch': touch }))).client()
    await client.get('/put')
    const end = () => {
      const [key] = [...store.backend.keys()]
      return store.backend.peek(key).expires
    }
    const first = end()
    clock.advance(5)
    await client.get('/')
    assert.equal(end(), first)
    await client.get('/touch')
    assert.equal(end(), first + 5)
  })
}

it("touch: one that the application has put in its place does not count as the handler's", async (t) => {
  const clock = stopClock(t)
  const kit = { name: 'sojourn' as const, session: partOf('') }
  const { prototype } = kit.session.Session
  const { touch } = prototype
  let calls = 0
  prototype.touch = function () {
    calls++
    return touch.call(this)
  }
  t.after(() => {
    prototype.touch = touch
  })
  const store = new kit.session.MemoryStore()
  const options = { store, touchAfter: 10_000, cookie: { maxAge: 60_000 } }
  const client = (await serveWith(kit, t, options, routes(basics))).client()
  await client.get('/put')
  const end = () => store.backend.peek([...store.backend.keys()][0]).expires
  const first = end()
  clock.advance(5)
  await client.get('/')
  assert.equal(end(), first)
  assert.equal(calls, 2)
})

// What is other than there on purpose.

behaviour('a record without a cookie counts as absent', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const client = (await serveWith(kit, t, { store }, routes(basics))).client()
  await client.get('/put')
  for (const key of store.rows.keys()) store.rows.set(key, '{"user":"ann"}')
  const { status, body } = await client.get('/')
  assert.deepEqual([status, body], [200, '{}'])
})

behaviour('a destroyed session takes its cookie along', async ({ kit, t }) => {
  const destroy: Handler = (req, res) => req.session.destroy(() => res.end())
  const client = (await serveWith(kit, t, {}, routes({ ...basics, '/destroy': destroy }))).client()
  await client.get('/put')
  const [line = ''] = (await client.get('/destroy')).setCookies
  assert.match(line, /^connect\.sid=;.*Expires=Thu, 01 Jan 1970/)
})

behaviour('a cookie of path /adm is none of /admiral', async ({ kit, t }) => {
  const has: Handler = (req, res) => res.end(String(Boolean(req.session)))
  const client = (await serveWith(kit, t, { cookie: { path: '/adm' } }, has)).client()
  assert.equal((await client.get('/adm/x')).body, 'true')
  assert.equal((await client.get('/admiral')).body, 'false')
})

behaviour('a save that fails is an error of its response', async ({ kit, t, stores }) => {
  const store = new stores.FailingStore('set')
  const client = (await serveWith(kit, t, { store }, routes(basics), { onError: tellError })).client()
  const { status, body } = await client.get('/put')
  assert.deepEqual([status, body], [500, 'disk full'])
})

behaviour('store: null is no store', ({ session }) => {
  assert.throws(() => session({ secret: 'x', store: null }), { name: 'TypeError' })
})

behaviour("a text is neither true nor false: resave: 'no'", ({ session }) => {
  for (const name of ['resave', 'saveUninitialized', 'rolling', 'proxy']) {
    assert.throws(() => session({ secret: 'x', [name]: 'no' }), { name: 'TypeError' })
  }
})
