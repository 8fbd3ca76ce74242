import assert from 'node:assert/strict'
import { type Handler, routes } from '../../support/app'
import { stopClock } from '../../support/clock'
import { gate, putData, serveWith, showData } from '../../support/session-app'
import { behaviour, behaviourOnStores } from './behaviour'

const basics = { '/put': putData, '/': showData }

behaviour('cookie: a function decides for each request', async ({ kit, t }) => {
  const cookie = (req: any) => ({ path: '/', sameSite: req.url.includes('strict') ? 'strict' : 'lax' })
  const { client } = await serveWith(kit, t, { cookie }, putData)
  assert.match((await client().get('/?strict=1')).setCookies[0] ?? '', /SameSite=Strict/)
  assert.match((await client().get('/?a=1')).setCookies[0] ?? '', /SameSite=Lax/)
})

behaviour('cookie: the path of a function counts too', async ({ kit, t }) => {
  const cookie = () => ({ path: '/shop' })
  const has: Handler = (req, res) => res.end(String(Boolean(req.session)))
  const client = (await serveWith(kit, t, { cookie }, has)).client()
  assert.equal((await client.get('/shop')).body, 'true')
  assert.equal((await client.get('/blog')).body, 'false')
})

behaviour('genid: gets the request and makes the id', async ({ kit, t }) => {
  const genid = (req: any) => `id-${req.headers['x-visitor']}`
  const app: Handler = (req, res) => {
    req.session.n = 1
    res.end(req.sessionID)
  }
  const client = (await serveWith(kit, t, { genid }, app)).client()
  assert.equal((await client.get('/', { headers: { 'x-visitor': '7' } })).body, 'id-7')
})

behaviourOnStores('genid: may answer later', async ({ kit, t, newStore }) => {
  let n = 0
  const genid = async () => `async-${++n}`
  const app = routes({
    ...basics,
    '/regenerate': (req, res, next) => {
      req.session.regenerate((error: unknown) => {
        if (error) return next(error)
        req.session.user = 'bob'
        return res.end(req.sessionID)
      })
    },
  })
  const client = (await serveWith(kit, t, { store: newStore(), genid }, app)).client()
  await client.get('/put?user=ann')
  assert.match(client.cookie() ?? '', /^s%3Aasync-1\./)
  assert.equal((await client.get('/')).body, '{"user":"ann"}')
  assert.equal((await client.get('/regenerate')).body, 'async-2')
  assert.equal((await client.get('/')).body, '{"user":"bob"}')
})

behaviour('resave: false writes no unchanged session', async ({ kit, t, stores }) => {
  const store = new stores.NoTouchStore()
  const client = (await serveWith(kit, t, { store, resave: false }, routes(basics))).client()
  await client.get('/put?user=ann')
  await client.get('/')
  assert.deepEqual(store.calls, ['set', 'get'])
})

behaviour('resave: true writes an unchanged session', async ({ kit, t, stores }) => {
  const store = new stores.NoTouchStore()
  const client = (await serveWith(kit, t, { store, resave: true }, routes(basics))).client()
  await client.get('/put?user=ann')
  await client.get('/')
  assert.deepEqual(store.calls, ['set', 'get', 'set'])
})

behaviourOnStores('rolling: true moves the end of the cookie with every response', async (scene) => {
  const clock = stopClock(scene.t)
  const options = { store: scene.newStore(), rolling: true, cookie: { maxAge: 60_000 } }
  const client = (await serveWith(scene.kit, scene.t, options, routes(basics))).client()
  await client.get('/put?user=ann')
  for (let i = 0; i < 3; i++) {
    clock.advance(50_000)
    const { body, setCookies } = await client.get('/')
    assert.equal(body, '{"user":"ann"}')
    assert.match(setCookies[0] ?? '', new RegExp(new Date(clock.now() + 60_000).toUTCString()))
  }
  clock.advance(60_000)
  assert.equal((await client.get('/')).body, '{}')
})

behaviourOnStores('rolling: true sends no cookie for a new session that nobody used', async (scene) => {
  const options = { store: scene.newStore(), rolling: true }
  const client = (await serveWith(scene.kit, scene.t, options, routes(basics))).client()
  assert.deepEqual((await client.get('/')).setCookies, [])
})

behaviourOnStores('saveUninitialized: true keeps a session that nobody used', async (scene) => {
  const store = scene.newStore()
  const options = { store, saveUninitialized: true }
  const client = (await serveWith(scene.kit, scene.t, options, (req, res) => res.end(req.sessionID))).client()
  const first = await client.get('/')
  assert.equal(first.setCookies.length, 1)
  const second = await client.get('/')
  assert.equal(second.body, first.body)
  assert.deepEqual(second.setCookies, [])
})

behaviourOnStores(
  'saveUninitialized: false writes nothing for visitors that leave nothing',
  async (scene) => {
    const store = scene.newStore()
    const options = { store, saveUninitialized: false }
    const client = (await serveWith(scene.kit, scene.t, options, showData)).client()
    for (let i = 0; i < 3; i++) assert.deepEqual((await client.get('/')).setCookies, [])
    assert.deepEqual(store.rows ? [...store.rows] : Object.keys(store.sessions), [])
  },
)

behaviourOnStores('maxAge: the server ends the session with the cookie', async ({ kit, t, newStore }) => {
  const clock = stopClock(t)
  const store = newStore()
  // Stores of others see to the end of a record themselves.
  if (store.rows) return
  const client = (await serveWith(kit, t, { store, cookie: { maxAge: 60_000 } }, routes(basics))).client()
  await client.get('/put?user=ann')
  const cookie = `connect.sid=${client.cookie()}`
  clock.advance(59_000)
  assert.equal((await client.get('/', { cookie })).body, '{"user":"ann"}')
  clock.advance(59_000)
  assert.equal((await client.get('/', { cookie })).body, '{"user":"ann"}')
  clock.advance(60_000)
  assert.equal((await client.get('/', { cookie })).body, '{}')
})

behaviourOnStores('maxAge: one session may have its own, which stays', async ({ kit, t, newStore }) => {
  const clock = stopClock(t)
  const app = routes({
    ...basics,
    '/remember': (req, res) => {
      req.session.remember = true
      req.session.cookie.maxAge = 3_600_000
      res.end()
    },
  })
  const options = { store: newStore(), rolling: true, cookie: { maxAge: 60_000 } }
  const client = (await serveWith(kit, t, options, app)).client()
  await client.get('/remember')
  for (let i = 0; i < 3; i++) {
    clock.advance(3_000_000)
    const { body, setCookies } = await client.get('/')
    assert.equal(body, '{"remember":true}')
    assert.match(setCookies[0] ?? '', new RegExp(new Date(clock.now() + 3_600_000).toUTCString()))
  }
})

behaviourOnStores('expires: false makes the cookie end with the browser', async ({ kit, t, newStore }) => {
  const app = routes({
    ...basics,
    '/forget': (req, res) => {
      req.session.forget = true
      req.session.cookie.expires = false
      res.end()
    },
  })
  const options = { store: newStore(), rolling: true, cookie: { maxAge: 60_000 } }
  const client = (await serveWith(kit, t, options, app)).client()
  for (const path of ['/forget', '/']) {
    const { setCookies } = await client.get(path)
    assert.doesNotMatch(setCookies[0] ?? '', /Expires/)
  }
  assert.equal((await client.get('/')).body, '{"forget":true}')
})

behaviour('a session that was saved by hand is not saved again', async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const app: Handler = (req, res) => {
    req.session.n = (req.session.n ?? 0) + 1
    req.session.save(() => res.end())
  }
  const client = (await serveWith(kit, t, { store }, app)).client()
  await client.get('/')
  await client.get('/')
  assert.equal(store.count('set'), 2)
})

behaviourOnStores('a change after save() by hand is saved at the end', async ({ kit, t, newStore }) => {
  const app = routes({
    ...basics,
    '/twice': (req, res) => {
      req.session.first = 1
      req.session.save(() => {
        req.session.second = 2
        res.end()
      })
    },
  })
  const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
  await client.get('/twice')
  assert.equal((await client.get('/')).body, '{"first":1,"second":2}')
})

behaviour('a change made while save() is under way is saved at the end', async ({ kit, t, stores }) => {
  const store = new stores.SlowStore({})
  store.hold('set')
  const saving = gate()
  const app = routes({
    ...basics,
    '/twice': (req, res) => {
      req.session.first = 1
      req.session.save(() => res.end())
      setImmediate(() => {
        req.session.second = 2
        saving.open()
      })
    },
  })
  const client = (await serveWith(kit, t, { store }, app)).client()
  const answer = client.get('/twice')
  await saving.opened
  store.release('set')
  await answer
  assert.equal((await client.get('/')).body, '{"first":1,"second":2}')
})

behaviourOnStores('deleting keys, nesting and arrays are changes', async ({ kit, t, newStore }) => {
  const app = routes({
    ...basics,
    '/a': (req, res) => {
      req.session.list = [1, { deep: true }]
      req.session.gone = 1
      res.end()
    },
    '/b': (req, res) => {
      req.session.list[1].deep = false
      delete req.session.gone
      res.end()
    },
  })
  const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
  await client.get('/a')
  await client.get('/b')
  assert.equal((await client.get('/')).body, '{"list":[1,{"deep":false}]}')
})
