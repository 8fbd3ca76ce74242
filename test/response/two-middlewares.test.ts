import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as sojourn from '../../lib/index'
import { appOf, type Handler, type Owner, routes, serve } from '../support/app'
import { FailingStore, openFlights, SlowStore, turn, until } from './support/apps'
import { OPTIONS } from './support/modes'
import { STORES } from './support/visitors'

function make(name: string, store: unknown, more: object = {}): Handler {
  return sojourn.session({ ...OPTIONS, name, store, ...more } as never) as Handler
}

async function app(owner: Owner, handlers: Handler[]) {
  const served = await serve(owner, appOf('express 5', handlers))
  return { ...served, client: served.client() }
}

const show: Handler = (req, res) => res.json(req.session ?? null)

for (const [words, makeStore] of Object.entries(STORES)) {
  describe(`two middlewares on one response, ${words} store`, () => {
    it('the first counts while it has a session', async (t) => {
      const [one, two] = [makeStore(), makeStore()]
      const { client } = await app(t, [
        make('one', one),
        make('two', two),
        (req, res) => {
          req.session.user = 'mary'
          res.json({ same: req.sessionStore === one })
        },
      ])
      const answer = await client.get('/')
      assert.equal(answer.body, '{"same":true}')
      assert.deepEqual(client.cookie('two'), undefined)
    })

    it('one each for its own part of the application keeps its own sessions, ids and cookies', async (t) => {
      const store = makeStore()
      const admin = make('admin', store, {
        cookie: { path: '/admin', httpOnly: false },
        genid: () => `admin-${drawn++}`,
      })
      let drawn = 0
      const { client } = await app(t, [
        admin,
        make('shop', store, { cookie: { path: '/shop', maxAge: 60_000 } }),
        (req, _res, next) => {
          req.session.path = req.path
          next()
        },
        (req, res) => res.end(req.sessionID),
      ])
      const first = await client.get('/admin/x')
      const second = await client.get('/shop/x')
      assert.equal(first.body, 'admin-0')
      assert.match(first.setCookies[0] ?? '', /^admin=.*Path=\/admin$/)
      assert.match(second.setCookies[0] ?? '', /^shop=.*Path=\/shop; Expires=.*HttpOnly$/)
      assert.equal((await client.get('/admin/x')).body, 'admin-0')
      assert.equal((await client.get('/shop/x')).body, second.body)
    })

    it('the second begins a session of its own when the first has ended its own', async (t) => {
      const [one, two] = [makeStore(), makeStore()]
      const { client } = await app(t, [
        make('one', one),
        routes({
          '/login': (req, res) => {
            req.session.user = 'mary'
            res.end()
          },
          '/move': (req, _res, next) => req.session.destroy(next),
          '/who': (_req, _res, next) => next(),
        }),
        make('two', two),
        (req, res) => {
          if (req.url === '/move') req.session.guest = true
          show(req, res, () => {})
        },
      ])
      await client.get('/login')
      const before = client.jar.get('one')
      const moved = await client.get('/move')
      assert.deepEqual(Object.keys(JSON.parse(moved.body)).sort(), ['cookie', 'guest'])
      assert.ok(before)
      assert.equal(client.cookie('one'), undefined, 'the cookie of the ended session is cleared')
      assert.ok(client.cookie('two'))
      assert.equal(moved.setCookies.length, 2)
      const asOne = await client.get('/who', { cookie: `one=${before}` })
      assert.equal(JSON.parse(asOne.body).user, undefined)
      assert.equal(
        JSON.parse((await client.get('/who', { cookie: `two=${client.cookie('two')}` })).body).user,
        undefined,
      )
      await until(() => openFlights(one) === 0 && openFlights(two) === 0)
    })

    it('the second has its own store and cookie also where the first has unset its session', async (t) => {
      const [one, two] = [makeStore(), makeStore()]
      let ids: string[] = []
      const { client } = await app(t, [
        make('one', one, { unset: 'destroy' }),
        (req, res, next) => {
          if (req.url === '/begin') {
            req.session.user = 'mary'
            return res.end(req.sessionID)
          }
          ids = [req.sessionID]
          req.session = null
          return next()
        },
        make('two', two),
        (req, res) => {
          req.session.guest = true
          ids.push(req.sessionID)
          res.end()
        },
      ])
      const { body: id } = await client.get('/begin')
      await client.get('/')
      assert.equal(ids[0], id)
      assert.notEqual(ids[1], id)
      assert.equal(await get(one, id), undefined, 'the first session is destroyed')
      assert.equal(await get(one, ids[1] ?? ''), undefined, 'the second is not in the store of the first')
      assert.equal((await get(two, ids[1] ?? '')).guest, true)
    })
  })
}

function get(store: any, id: string): Promise<any> {
  return new Promise((resolve, reject) => {
    store.get(id, (error: unknown, found: unknown) => (error ? reject(error) : resolve(found ?? undefined)))
  })
}

describe('two middlewares that both hold the response', () => {
  it('let go in whatever order their stores answer', async (t) => {
    for (const order of [
      ['one', 'two'],
      ['two', 'one'],
    ] as const) {
      const stores = { one: new SlowStore({}), two: new SlowStore({}) }
      const { client } = await app(t, [
        make('one', stores.one, { unset: 'destroy' }),
        (req, _res, next) => {
          req.session = null
          next()
        },
        make('two', stores.two),
        async (req, res) => {
          req.session.guest = true
          res.setHeader('X-Kept', 'yes')
          res.write('a')
          res.write('b')
          await until(() => stores.one.waiting('destroy') === 1)
          stores.two.hold('set')
          req.session.more = true
          res.end('c')
        },
      ])
      stores.one.hold('destroy')
      const answered = client.get('/')
      await until(() => stores.one.waiting('destroy') === 1 && stores.two.waiting('set') === 1)
      for (const name of order) {
        stores[name].release(name === 'one' ? 'destroy' : 'set')
        await turn()
        await turn()
      }
      const answer = await answered
      assert.equal(answer.body, 'abc')
      assert.equal(answer.headers['x-kept'], 'yes')
      assert.ok(client.cookie('two'))
    }
  })

  it('one error page comes when the store of the first fails', async (t) => {
    for (const two of Object.values(STORES)) {
      const { client } = await app(t, [
        make('one', new FailingStore('destroy'), { unset: 'destroy' }),
        (req, _res, next) => {
          req.session = null
          next()
        },
        make('two', two()),
        (req, res) => {
          req.session.guest = true
          res.end('never')
        },
      ])
      const answer = await client.get('/')
      assert.equal(answer.status, 500)
      assert.match(answer.body, /^error: ERR_SESSION_STORE/)
    }
  })

  it('one error page comes when the store of the second fails', async (t) => {
    const { client } = await app(t, [
      make('one', new SlowStore({})),
      (req, _res, next) => req.session.destroy(() => next()),
      make('two', new FailingStore('set')),
      (req, res) => {
        req.session.guest = true
        res.end('never')
      },
    ])
    const answer = await client.get('/')
    assert.equal(answer.status, 500)
    assert.match(answer.body, /^error: ERR_SESSION_STORE/)
  })
})

describe('two middlewares, of which the second fails at the end while the first still holds the headers', () => {
  it('have one error page, for nothing has left yet', async (t) => {
    const one = new SlowStore({})
    const two = new FailingStore()
    const { client } = await app(t, [
      make('one', one, { unset: 'destroy' }),
      (req, _res, next) => {
        req.session = null
        next()
      },
      make('two', two),
      async (req, res) => {
        one.hold('destroy')
        req.session.guest = true
        res.setHeader('Content-Length', 100)
        res.write('a')
        await until(() => one.waiting('destroy') === 1)
        two.failing.add('set')
        req.session.more = true
        res.end('b')
        await turn()
        await turn()
        one.release('destroy')
      },
    ])
    const answer = await client.get('/')
    assert.equal(answer.status, 500)
    assert.match(answer.body, /^error: ERR_SESSION_STORE/)
    assert.notEqual(answer.headers['content-length'], '100')
  })
})

describe('a middleware that is mounted late on a response', () => {
  it('saves a session that begins after the headers have left, and tells that its cookie is late', async (t) => {
    const store = new SlowStore({})
    const second = make('two', store) as any
    const late: unknown[] = []
    let id = ''
    second.events.on('withheld', ({ because }: { because: string }) => late.push(because))
    const { client } = await app(t, [
      make('one', new SlowStore({})),
      (req, res, next) => {
        res.write('a')
        req.session.destroy(next)
      },
      second,
      (req, res) => {
        req.session.guest = true
        id = req.sessionID
        res.write('b')
        res.end('c')
      },
    ])
    const answer = await client.get('/')
    assert.equal(answer.body, 'abc')
    assert.equal((await get(store, id)).guest, true)
    assert.deepEqual(late, ['late'])
    assert.deepEqual(answer.setCookies, [])
  })

  it('saves a session that begins after the response has ended', async (t) => {
    const store = new SlowStore({})
    let id = ''
    const { client } = await app(t, [
      make('one', new SlowStore({})),
      (req, res, next) => {
        req.session.destroy(() => {
          res.end('through')
          next()
        })
      },
      make('two', store),
      (req) => {
        req.session.guest = true
        id = req.sessionID
      },
    ])
    assert.equal((await client.get('/')).body, 'through')
    let found: any
    await until(() => {
      get(store, id).then((session) => {
        found = session
      })
      return found !== undefined
    })
    assert.equal(found.guest, true)
    await until(() => openFlights(store) === 0)
  })

  it('holds it together with those before: of three each puts its own cookie', async (t) => {
    const end: Handler = (req, res, next) => {
      if (req.url !== '/begin') {
        req.session = null
        return next()
      }
      req.session.user = 'mary'
      return res.end()
    }
    const { client } = await app(t, [
      make('one', new SlowStore({}), { unset: 'destroy' }),
      end,
      make('two', new SlowStore({}), { unset: 'destroy' }),
      end,
      make('three', new SlowStore({})),
      (req, res) => {
        req.session.user = 'mary'
        res.write('a')
        res.end('b')
      },
    ])
    await client.get('/begin')
    assert.ok(client.cookie('one'))
    const answer = await client.get('/')
    assert.equal(answer.body, 'ab')
    assert.equal(client.cookie('one'), undefined, 'cleared')
    assert.ok(client.cookie('three'))
  })
})

describe('eleven middlewares on one store', () => {
  it('have one pair of listeners on it, and warn of no leak', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    const store = new sojourn.MemoryStore()
    for (let i = 0; i < 11; i++) make(`name${i}`, store)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listen)
    assert.deepEqual(warnings, [])
    assert.equal(store.listenerCount('disconnect'), 1)
    assert.equal(store.listenerCount('connect'), 1)
  })
})
