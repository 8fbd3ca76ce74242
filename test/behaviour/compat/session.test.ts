import assert from 'node:assert/strict'
import { type Handler, routes } from '../../support/app'
import { stopClock } from '../../support/clock'
import { BASE_OPTIONS, putData, serveWith, showData } from '../../support/session-app'
import { behaviour, behaviourOnStores } from './behaviour'

const basics = { '/put': putData, '/': showData }

behaviour('T17: a fresh session has one own key, cookie', ({ session }) => {
  const req = { sessionID: 'a', sessionStore: {} }
  const fresh = new session.Session(req)
  fresh.cookie = new session.Cookie()
  assert.deepEqual(Object.keys(fresh), ['cookie'])
  const cookie = Object.getOwnPropertyDescriptor(fresh, 'cookie')
  assert.equal(cookie?.writable, true)
  assert.equal(cookie?.enumerable, true)
  for (const [name, value] of [
    ['req', req],
    ['id', 'a'],
  ] as const) {
    const own = Object.getOwnPropertyDescriptor(fresh, name)
    assert.equal(own?.value, value)
    assert.equal(own?.enumerable, false, name)
    assert.equal(own?.writable, false, name)
  }
  const names = []
  for (const name in fresh) names.push(name)
  assert.deepEqual(names, ['cookie'], 'no method is enumerable')
  assert.equal(JSON.stringify(fresh), JSON.stringify({ cookie: fresh.cookie }))
})

behaviour('T17: a Session can be made of a request and data', ({ session }) => {
  const made = new session.Session({ sessionID: 'a' }, { user: 'ann', nested: { n: 1 }, cookie: 'c' })
  assert.deepEqual({ ...made }, { user: 'ann', nested: { n: 1 }, cookie: 'c' })
  for (const nothing of [null, undefined, 'text', 5]) {
    assert.deepEqual(Object.keys(new session.Session({ sessionID: 'a' }, nothing)), [])
  }
})

behaviourOnStores('T17: the old session may be copied over the new one, cookie and all', async (scene) => {
  // As passport does with keepSessionInfo.
  const app = routes({
    ...basics,
    '/login': (req, res, next) => {
      const before = req.session
      req.session.regenerate((error: unknown) => {
        if (error) return next(error)
        for (const key in before) req.session[key] = before[key]
        req.session.passport = { user: 'ann' }
        return req.session.save((failed: unknown) => (failed ? next(failed) : res.end()))
      })
    },
  })
  const options = { store: scene.newStore(), cookie: { maxAge: 60_000 } }
  const client = (await serveWith(scene.kit, scene.t, options, app)).client()
  await client.get('/put?cart=1')
  const before = client.cookie()
  assert.equal((await client.get('/login')).status, 200)
  assert.notEqual(client.cookie(), before)
  assert.equal((await client.get('/')).body, '{"cart":"1","passport":{"user":"ann"}}')
})

behaviourOnStores('T18: with a callback the methods return the session', async ({ kit, t, newStore }) => {
  const returned: boolean[] = []
  const app: Handler = (req, res) => {
    const { session } = req
    session.n = 1
    returned.push(session.touch() === session, session.resetMaxAge() === session)
    const saved = session.save(() => {
      const reloaded = session.reload(() => {
        const current = req.session
        const regenerated = current.regenerate(() => {
          const fresh = req.session
          const destroyed = fresh.destroy(() => {
            returned.push(saved === session, reloaded === session)
            returned.push(regenerated === current, destroyed === fresh)
            res.end()
          })
        })
      })
    })
  }
  const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
  assert.equal((await client.get('/')).status, 200)
  assert.deepEqual(returned, Array(6).fill(true))
})

behaviourOnStores('T18: destroy takes req.session away at once', async ({ kit, t, newStore }) => {
  const app = routes({
    ...basics,
    '/destroy': (req, res) => {
      req.session.destroy((error: unknown) => {
        res.end(JSON.stringify([error ?? null, 'session' in req]))
      })
      assert.equal('session' in req, false)
    },
  })
  const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
  await client.get('/put?user=ann')
  const cookie = `connect.sid=${client.cookie()}`
  assert.equal((await client.get('/destroy')).body, '[null,false]')
  assert.equal((await client.get('/', { cookie })).body, '{}')
})

behaviourOnStores('T18: regenerate has replaced the session before it calls back', async (scene) => {
  const app = routes({
    ...basics,
    '/regenerate': (req, res) => {
      const before = req.session
      req.session.regenerate((error: unknown) => {
        res.end(
          JSON.stringify([
            error ?? null,
            req.session !== before,
            req.session.id !== before.id,
            req.session.id === req.sessionID,
            Object.keys(req.session),
          ]),
        )
      })
    },
  })
  const client = (await serveWith(scene.kit, scene.t, { store: scene.newStore() }, app)).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/regenerate')).body, '[null,true,true,true,["cookie"]]')
})

behaviourOnStores(
  'T18: reload drops what was not saved, and the session is another object',
  async (scene) => {
    const app = routes({
      ...basics,
      '/reload': (req, res) => {
        const before = req.session
        req.session.user = 'changed'
        req.session.reload((error: unknown) => {
          res.end(
            JSON.stringify([
              error ?? null,
              req.session !== before,
              req.session.user,
              req.session.id === before.id,
            ]),
          )
        })
      },
    })
    const client = (await serveWith(scene.kit, scene.t, { store: scene.newStore() }, app)).client()
    await client.get('/put?user=ann')
    assert.equal((await client.get('/reload')).body, '[null,true,"ann",true]')
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
  },
)

behaviourOnStores('T18: a session that is gone cannot be reloaded', async ({ kit, t, newStore }) => {
  const store = newStore()
  const app = routes({
    ...basics,
    '/reload': (req, res) => {
      store.destroy(req.sessionID, () => {
        req.session.reload((error: Error) => res.end(error.message))
      })
    },
    '/fresh': (req, res) => req.session.reload((error: Error) => res.end(error.message)),
  })
  const client = (await serveWith(kit, t, { store }, app)).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/reload')).body, 'failed to load session')
  assert.equal((await client.get('/fresh')).body, 'failed to load session')
})

behaviourOnStores('T18: reload leaves maxAge alone', async ({ kit, t, newStore }) => {
  const clock = stopClock(t)
  const app = routes({
    ...basics,
    '/reload': (req, res) => {
      const before = req.session.cookie.maxAge
      req.session.reload(() => res.end(JSON.stringify([before, req.session.cookie.maxAge])))
    },
  })
  const options = { store: newStore(), cookie: { maxAge: 60_000 } }
  const client = (await serveWith(kit, t, options, app)).client()
  await client.get('/put?user=ann')
  clock.advance(10_000)
  assert.equal((await client.get('/reload')).body, '[50000,50000]')
})

behaviourOnStores('T18: save writes now', async ({ kit, t, newStore }) => {
  const store = newStore()
  const app = routes({
    ...basics,
    '/save': (req, res) => {
      req.session.user = 'bob'
      req.session.save((error: unknown) => {
        store.get(req.sessionID, (failed: unknown, row: any) => {
          res.end(JSON.stringify([error ?? null, failed ?? null, row.user]))
        })
      })
    },
  })
  const client = (await serveWith(kit, t, { store }, app)).client()
  assert.equal((await client.get('/save')).body, '[null,null,"bob"]')
  assert.equal((await client.get('/')).body, '{"user":"bob"}')
})

behaviour('T18: save tells of the error of the store', async ({ kit, t, stores }) => {
  const store = new stores.FailingStore('set')
  const app: Handler = (req, res) => {
    req.session.user = 'ann'
    req.session.save((error: Error) => {
      delete req.session.user
      res.end(error.message)
    })
  }
  const client = (await serveWith(kit, t, { store }, app)).client()
  assert.match((await client.get('/')).body, /disk full/)
})

behaviour('T18: touch and resetMaxAge renew the life of the cookie', ({ session, t }) => {
  const clock = stopClock(t)
  for (const method of ['touch', 'resetMaxAge']) {
    const made = new session.Session({ sessionID: 'a' })
    made.cookie = new session.Cookie({ maxAge: 60_000 })
    clock.advance(30_000)
    assert.equal(made.cookie.maxAge, 30_000)
    made[method]()
    assert.equal(made.cookie.maxAge, 60_000)
    assert.equal(made.cookie.originalMaxAge, 60_000)
  }
})

const unset: Array<[string, Handler]> = [
  [
    'req.session = null',
    (req) => {
      req.session = null
    },
  ],
  [
    'req.session = undefined',
    (req) => {
      req.session = undefined
    },
  ],
  ['delete req.session', (req) => delete req.session],
]

for (const [how, act] of unset) {
  behaviourOnStores(`T19: after ${how} nothing is saved`, async ({ kit, t, newStore }) => {
    const app = routes({
      ...basics,
      '/unset': (req, res, next) => {
        req.session.user = 'bob'
        act(req, res, next)
        res.end()
      },
    })
    const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
    const fresh = (await serveWith(kit, t, { store: newStore() }, app)).client()
    assert.deepEqual((await fresh.get('/unset')).setCookies, [])
    await client.get('/put?user=ann')
    assert.deepEqual((await client.get('/unset')).setCookies, [])
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
  })

  behaviourOnStores(`T19: after ${how} the record is gone too with unset: 'destroy'`, async (scene) => {
    const app = routes({
      ...basics,
      '/unset': (req, res, next) => {
        act(req, res, next)
        res.end()
      },
    })
    const options = { store: scene.newStore(), unset: 'destroy' }
    const client = (await serveWith(scene.kit, scene.t, options, app)).client()
    await client.get('/put?user=ann')
    const cookie = `connect.sid=${client.cookie()}`
    await client.get('/unset')
    assert.equal((await client.get('/', { cookie })).body, '{}')
  })
}

behaviour("T19: unset: 'destroy' asks the store's destroy once", async ({ kit, t, stores }) => {
  const store = new stores.PlainStore()
  const app = routes({
    ...basics,
    '/unset': (req, res) => {
      req.session = null
      res.write('a')
      res.end('b')
    },
  })
  const client = (await serveWith(kit, t, { store, unset: 'destroy' }, app)).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/unset')).body, 'ab')
  assert.deepEqual(store.calls, ['set', 'get', 'destroy'])
})

behaviour(
  'T20: where there is a session already the middleware only goes on',
  async ({ kit, t, session }) => {
    const mine = { own: true }
    const before: Handler = (req, _res, next) => {
      req.session = mine
      next()
    }
    const app: Handler = (req, res) => {
      res.end(JSON.stringify([req.session === mine, 'sessionID' in req, 'sessionStore' in req]))
    }
    const client = (await serveWith(kit, t, {}, app, { before: [before] })).client()
    const { body, setCookies } = await client.get('/')
    assert.equal(body, '[true,false,false]')
    assert.deepEqual(setCookies, [])

    const twice: Handler = session({ ...BASE_OPTIONS, name: 'second' })
    const both = (await serveWith(kit, t, {}, [twice, putData])).client()
    assert.equal((await both.get('/')).setCookies.length, 1)
  },
)

behaviourOnStores('New methods do not swallow data: keys of their names are kept', async (scene) => {
  const names = ['renewId', 'update', 'events', 'concurrency', 'link', 'created', 'active', 'own']
  const app = routes({
    '/': showData,
    '/put': (req, res) => {
      for (const name of names) req.session[name] = { name }
      res.end()
    },
  })
  const client = (await serveWith(scene.kit, scene.t, { store: scene.newStore() }, app)).client()
  await client.get('/put')
  assert.deepEqual(
    JSON.parse((await client.get('/')).body),
    Object.fromEntries(names.map((name) => [name, { name }])),
  )
})
