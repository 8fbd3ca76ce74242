import assert from 'node:assert/strict'
import cookieParser from 'cookie-parser'
import { express4, type Handler, routes, serve } from '../../support/app'
import { turns } from '../../support/clock'
import { BASE_OPTIONS, gate, putData, serveWith, showData } from '../../support/session-app'
import { behaviour, behaviourOnStores } from './behaviour'

const basics = { '/put': putData, '/': showData }

/** Runs a middleware by hand, as a test double or socket.io does. */
function run(middleware: Handler, req: object, res: object): Promise<unknown> {
  return new Promise((resolve) => {
    middleware(req, res, resolve)
  })
}

behaviour('T25: the response may be an empty object', async ({ session, stores }) => {
  const store = new stores.PlainStore()
  store.rows.set('a', '{"cookie":{"path":"/","httpOnly":true},"user":"ann"}')
  const middleware = session({ ...BASE_OPTIONS, store })
  const req: any = { url: '/', headers: {} }
  assert.equal(await run(middleware, req, {}), undefined)
  assert.deepEqual(Object.keys(req.session), ['cookie'])
  assert.equal(req.sessionID, req.session.id)
  assert.equal(req.sessionStore, store)
})

behaviour('T25: the response may have nothing but an end', async ({ session, stores }) => {
  const store = new stores.PlainStore()
  const req: any = { url: '/', headers: {} }
  await run(session({ ...BASE_OPTIONS, store }), req, { end: () => {} })
  req.session.user = 'ann'
  await new Promise<void>((resolve) => req.session.save(() => resolve()))
  assert.equal(store.read(req.sessionID).user, 'ann')
})

behaviour('T25: the end of a response that has nothing else saves', async ({ session, stores }) => {
  const store = new stores.PlainStore()
  const ended = gate()
  const req: any = { url: '/', headers: {} }
  const res = { end: () => ended.open() }
  await run(session({ ...BASE_OPTIONS, store }), req, res)
  req.session.user = 'ann'
  res.end()
  await ended.opened
  assert.equal(store.read(req.sessionID).user, 'ann')
})

behaviourOnStores(
  'T25: a handshake of a socket, which has no connection, gets its session',
  async (scene) => {
    const { kit, t, session } = scene
    const options = { ...BASE_OPTIONS, store: scene.newStore() }
    const client = (await serveWith(kit, t, options, putData)).client()
    await client.get('/?user=ann')
    const req: any = {
      url: '/socket.io/?EIO=4',
      headers: { cookie: `connect.sid=${client.cookie()}` },
      _query: {},
    }
    await run(session(options), req, {})
    assert.equal(req.session.user, 'ann')
    req.session.room = 'lobby'
    await new Promise<void>((resolve) => req.session.save(() => resolve()))
    const later: any = { url: '/', headers: req.headers }
    await run(session(options), later, {})
    assert.equal(later.session.room, 'lobby')
  },
)

behaviour('T26: the path is that of originalUrl', async ({ session, t }) => {
  const app = express4()
  const has: Handler = (req, res) => res.end(String(Boolean(req.session)))
  app.use('/admin', session({ ...BASE_OPTIONS, cookie: { path: '/admin' } }), has as never)
  app.use('/other', session({ ...BASE_OPTIONS, cookie: { path: '/admin' } }), has as never)
  const client = (await serve(t, app)).client()
  assert.equal((await client.get('/admin/x')).body, 'true')
  assert.equal((await client.get('/other/admin')).body, 'false')
})

behaviourOnStores(
  'T26: sessionID and sessionStore are there before the load',
  async ({ kit, t, newStore }) => {
    const store = newStore()
    const client = (await serveWith(kit, t, { store }, routes(basics))).client()
    await client.get('/put?user=ann')
    let current: any
    const before: Handler = (req, _res, next) => {
      current = req
      next()
    }
    const { get } = store
    const seen: unknown[] = []
    store.get = (sid: string, done: any) => {
      seen.push(sid === current.sessionID, current.sessionStore === store, current.session)
      get.call(store, sid, done)
    }
    const second = (await serveWith(kit, t, { store }, showData, { before: [before] })).client()
    const { body } = await second.get('/', { cookie: `connect.sid=${client.cookie()}` })
    assert.equal(body, '{"user":"ann"}')
    assert.deepEqual(seen, [true, true, undefined])
  },
)

behaviourOnStores('T26: a session whose sessionID is no string is never saved', async (scene) => {
  const store = scene.newStore()
  for (const id of [undefined, null, 5, {}]) {
    const app: Handler = (req, res) => {
      req.session.user = 'ann'
      req.sessionID = id
      res.end('fine')
    }
    const client = (await serveWith(scene.kit, scene.t, { store }, app)).client()
    const { body, setCookies } = await client.get('/')
    assert.equal(body, 'fine')
    assert.deepEqual(setCookies, [])
  }
  const rows = store.rows ? [...store.rows.keys()] : Object.keys(store.sessions)
  assert.deepEqual(rows, [])
})

behaviour('T26: genid may give something that is no string: nothing is saved', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const client = (await serveWith(kit, t, { store, genid: () => 5 }, putData)).client()
  const { status, setCookies } = await client.get('/')
  assert.equal(status, 200)
  assert.deepEqual(setCookies, [])
  assert.deepEqual(store.calls, [])
})

behaviourOnStores('T27: a second end has no effect', async ({ kit, t, newStore }) => {
  const app: Handler = (req, res) => {
    req.session.user = 'ann'
    res.end('first')
    res.end('second')
    res.end()
  }
  const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
  assert.equal((await client.get('/')).body, 'first')
})

behaviourOnStores('T27: the session is saved though the client has left', async ({ kit, t, newStore }) => {
  const arrived = gate()
  const left = gate()
  const done = gate()
  const app = routes({
    ...basics,
    '/slow': async (req, res) => {
      res.on('close', left.open)
      arrived.open()
      await left.opened
      req.session.user = 'bob'
      res.end()
      done.open()
    },
  })
  const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
  await client.get('/put?user=ann')
  const request = client.start('/slow').on('error', () => {})
  await arrived.opened
  request.destroy()
  await done.opened
  await turns(5)
  assert.equal((await client.get('/')).body, '{"user":"bob"}')
})

for (const [what, call, path] of [
  ['set', 'set', '/put?user=bob'],
  ['touch', 'touch', '/'],
] as const) {
  behaviour(`T27: when a response has ended its ${what} is done`, async ({ kit, t, stores }) => {
    const store = new stores.SlowStore({ set: 10, touch: 10 })
    let done = 0
    const { answer } = store
    store.answer = (made: 'set' | 'touch', callback: any, work: any) =>
      answer.call(store, made, callback, () => {
        if (made === call) done++
        return work()
      })
    const client = (await serveWith(kit, t, { store }, routes(basics))).client()
    await client.get('/put?user=ann')
    done = 0
    await client.get(path)
    assert.equal(done, 1)
  })
}

behaviour('T28: the cookie is called name, else key, else connect.sid', async ({ kit, t }) => {
  for (const [options, name] of [
    [{ name: 'n', key: 'k' }, 'n'],
    [{ key: 'k' }, 'k'],
    [{ name: '', key: '' }, 'connect.sid'],
    [{}, 'connect.sid'],
  ] as const) {
    const client = (await serveWith(kit, t, options, putData)).client()
    const [line = ''] = (await client.get('/')).setCookies
    assert.ok(line.startsWith(`${name}=`), line)
  }
})

behaviour('T28: without a secret that of cookie-parser is taken', async ({ kit, t }) => {
  const before: Handler[] = [cookieParser('keyboard cat') as Handler]
  const options = { secret: undefined }
  const client = (await serveWith(kit, t, options, routes(basics), { before })).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
})

behaviour('T28: the cookie is found where cookie-parser has put it', async ({ kit, t, newStore }) => {
  const store = newStore()
  const client = (await serveWith(kit, t, { store }, putData)).client()
  await client.get('/?user=ann')
  const value = decodeURIComponent(client.cookie() ?? '')
  const id = value.slice(2, 34)
  for (const parsed of [
    { signedCookies: { 'connect.sid': id } },
    { cookies: { 'connect.sid': value } },
    { signedCookies: {}, cookies: { 'connect.sid': value } },
  ]) {
    const before: Handler = (req, _res, next) => {
      Object.assign(req, parsed)
      next()
    }
    const second = (await serveWith(kit, t, { store }, showData, { before: [before] })).client()
    assert.equal((await second.get('/')).body, '{"user":"ann"}', JSON.stringify(Object.keys(parsed)))
  }
  const forged: Handler = (req, _res, next) => {
    req.cookies = { 'connect.sid': id }
    req.signedCookies = { 'connect.sid': false }
    next()
  }
  const third = (await serveWith(kit, t, { store }, showData, { before: [forged] })).client()
  assert.equal((await third.get('/')).body, '{}')
})

behaviour('T28: resave and saveUninitialized are true where nothing is said', async ({ kit, t, stores }) => {
  process.once('deprecation', () => {})
  const store = new stores.NoTouchStore()
  const options = { store, resave: undefined, saveUninitialized: undefined }
  const client = (await serveWith(kit, t, options, routes(basics))).client()
  const { setCookies } = await client.get('/')
  assert.equal(setCookies.length, 1, 'an empty session is saved')
  await client.get('/')
  assert.deepEqual(store.calls, ['set', 'get', 'set'], 'an unchanged session is saved again')
})

behaviour('T28: wrong options throw when the middleware is made', ({ session }) => {
  for (const genid of ['text', 5, {}]) {
    assert.throws(() => session({ secret: 'x', genid }), {
      name: 'TypeError',
      message: /genid option must be a function/,
    })
  }
  assert.throws(() => session({ secret: [] }), {
    name: 'TypeError',
    message: /secret option array must contain/,
  })
  for (const unset of ['bogus', 5, {}]) {
    assert.throws(() => session({ secret: 'x', unset }), {
      name: 'TypeError',
      message: /unset option must be "destroy" or "keep"/,
    })
  }
})

behaviour('T28: without any secret every request is an error', async ({ kit, t }) => {
  const client = (await serveWith(kit, t, { secret: undefined }, showData)).client()
  const { status, body } = await client.get('/')
  assert.equal(status, 500)
  assert.match(body, /secret option required for sessions/)
})
