import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SessionEngine } from '../../lib/engine'
import { MemoryStore } from '../../lib/store/memory'
import { type Served, serve } from '../support/app'
import { oddStores } from '../support/odd-stores'
import { withoutPostgres, withoutRedis } from '../support/servers'
import { appOver } from './routes'
import { memoryStorage, redisStorage, type Storage, sqlStorage } from './storages'

const SECRET = 'sixteen or more characters'
const OPTIONS = { duration: 60_000, cookie: { name: 'visit', secret: SECRET } }

const storeStorage = (store: any): Storage => ({
  log: [],
  bind: (engine) => engine.useStore(store),
  count: () => new Promise((resolve) => store.length((_: unknown, n: number) => resolve(n))),
})

const KINDS: Array<[string, () => Promise<Storage> | Storage, string | false]> = [
  ['handlers over a map', () => memoryStorage(), false],
  ['handlers over a slow map', () => memoryStorage(5), false],
  ['handlers over a strict SQL table', sqlStorage, withoutPostgres()],
  ['handlers over Redis', redisStorage, withoutRedis()],
  ['useStore(new MemoryStore())', () => storeStorage(new MemoryStore()), false],
  [
    "useStore of express-session's MemoryStore",
    () => storeStorage(new (require('express-session').MemoryStore)()),
    false,
  ],
]

for (const [name, make, skip] of KINDS) {
  describe(`SessionEngine, ${name}`, { skip }, () => {
    let storage: Storage
    let served: Served
    const endings: Array<() => unknown> = []
    before(async () => {
      storage = await make()
      served = await serve(
        { after: (work) => endings.push(work) },
        appOver(storage.bind(new SessionEngine(OPTIONS))) as any,
      )
    })
    after(async () => {
      for (const end of endings) await end()
      await storage?.stop?.()
    })
    const json = async (path: string, visitor = served.client()) => JSON.parse((await visitor.get(path)).body)

    it('reads nothing before start(), and then says that it is ready', async () => {
      storage.log.length = 0
      assert.deepEqual(await json('/untouched'), { ready: false })
      assert.deepEqual(storage.log, [])
      assert.deepEqual(await json('/start'), { ready: true, stored: false })
    })

    it('sends no cookie and keeps nothing for a visitor who merely started', async () => {
      const before = await storage.count()
      const answer = await served.client().get('/start')
      assert.deepEqual(answer.setCookies, [])
      assert.equal(await storage.count(), before)
    })

    it('keeps one value and many, whatever their names', async () => {
      const visitor = served.client()
      await visitor.get('/set/touch/t')
      await visitor.get('/many')
      await visitor.get('/set/cookie/c')
      assert.deepEqual(await json('/all', visitor), {
        touch: 't',
        id: 'some_id',
        email: 'some_email',
        cookie: 'c',
      })
      assert.equal(await json('/get/id', visitor), 'some_id')
      assert.equal(await json('/get/missing', visitor), null)
    })

    it('replaces and deletes values', async () => {
      const visitor = served.client()
      await visitor.get('/many')
      await visitor.get('/delete/email')
      assert.deepEqual(await json('/all', visitor), { id: 'some_id' })
      assert.deepEqual(await json('/reset', visitor), { only: 'this' })
      assert.deepEqual(await json('/all', visitor), { only: 'this' })
      assert.deepEqual(await json('/clear', visitor), {})
      assert.deepEqual(await json('/all', visitor), {})
    })

    it('tells id, signature, life and end, in both spellings', async () => {
      const visitor = served.client()
      await visitor.get('/many')
      const about = await json('/about', visitor)
      assert.equal(about.signed_id, decodeURIComponent(visitor.cookie('visit') ?? ''))
      assert.ok(about.signed_id.includes(about.id))
      assert.deepEqual([about.stored, about.duration, about.ready, about.same], [true, 60_000, true, true])
      assert.ok(about.left > 50_000 && about.left <= 60_000, String(about.left))
    })

    it('roll keeps the data under a new id and kills the old one (FAULT 30)', async () => {
      const visitor = served.client()
      await visitor.get('/many')
      const old = visitor.twin()
      const before = visitor.cookie('visit')
      assert.equal(await json('/roll', visitor), true)
      assert.notEqual(visitor.cookie('visit'), before)
      assert.deepEqual(await json('/all', visitor), { id: 'some_id', email: 'some_email' })
      assert.deepEqual(await json('/all', old), {})
    })

    it('a life set for one session stays with it', async () => {
      const visitor = served.client()
      await visitor.get('/last/5000')
      const about = await json('/about', visitor)
      assert.equal(about.duration, 5000)
      assert.ok(about.left <= 5000)
      assert.equal(await json('/get/__cust_dur', visitor), 5000)
    })

    it('destroy removes the record and clears the cookie', async () => {
      const visitor = served.client()
      await visitor.get('/many')
      const before = await storage.count()
      const old = visitor.twin()
      const answer = await visitor.get('/destroy')
      assert.match(String(answer.setCookies), /visit=;.*Expires=Thu, 01 Jan 1970/)
      assert.equal(await storage.count(), before - 1)
      assert.deepEqual(await json('/all', old), {})
    })

    it('id and signature before start() are what the cookie says, and nothing is read for them', async () => {
      const visitor = served.client()
      assert.deepEqual(await json('/id', visitor), { ready: false })
      await visitor.get('/many')
      const { id, signed_id } = await json('/about', visitor)
      storage.log.length = 0
      assert.deepEqual(await json('/id', visitor), { id, signed_id, ready: false })
      assert.deepEqual(storage.log, [])
      const cookie = `visit=${visitor.cookie('visit')?.slice(0, -2)}xx`
      assert.equal((await served.client().get('/id', { cookie })).body, '{"ready":false}')
    })

    it('destroy() without start() starts by itself, and a second one does nothing', async () => {
      const visitor = served.client()
      await visitor.get('/many')
      const before = await storage.count()
      const old = visitor.twin()
      storage.log.length = 0
      const answer = await visitor.get('/logout')
      assert.equal(answer.body, '{"same":true,"ready":true}')
      assert.match(String(answer.setCookies), /visit=;.*Expires=Thu, 01 Jan 1970/)
      assert.equal(await storage.count(), before - 1)
      assert.equal(
        storage.log.filter((operation) => operation === 'destroy').length,
        storage.log.length ? 1 : 0,
      )
      assert.deepEqual(await json('/all', old), {})
    })

    it('destroy() and touch() of a visitor who has no session do nothing', async () => {
      const before = await storage.count()
      storage.log.length = 0
      assert.deepEqual(await json('/logout'), { same: true, ready: false })
      const answer = await served.client().get('/move')
      assert.deepEqual([answer.status, answer.setCookies], [200, []])
      assert.deepEqual(storage.log, [])
      assert.equal(await storage.count(), before)
    })

    it('a request that was in flight does not bring a destroyed session back', async () => {
      const visitor = served.client()
      await visitor.get('/many')
      const slow = visitor.twin().get('/slow/late')
      await visitor.twin().get('/destroy')
      await slow
      assert.deepEqual(await json('/all', visitor), {})
    })

    it('loses no update of parallel requests', async () => {
      const visitor = served.client()
      await visitor.get('/many')
      await Promise.all(Array.from({ length: 20 }, (_, i) => visitor.twin().get(`/slow/key${i}`)))
      assert.equal(Object.keys(await json('/all', visitor)).length, 22)
    })

    it('the response waits for the write (FAULT 33)', async () => {
      const visitor = served.client()
      assert.equal((await visitor.get('/redirect')).status, 302)
      assert.equal(await json('/get/seen', visitor), true)
    })

    it('a signed id of its own opens the session without a cookie, a forged one does not', async () => {
      const visitor = served.client()
      await visitor.get('/many')
      const signed = decodeURIComponent(visitor.cookie('visit') ?? '')
      const stranger = served.client()
      assert.deepEqual(await json(`/signed/${encodeURIComponent(signed)}`, stranger), {
        taken: true,
        data: { id: 'some_id', email: 'some_email' },
      })
      const forged = `${signed.slice(0, -2)}xx`
      assert.deepEqual(await json(`/signed/${encodeURIComponent(forged)}`, served.client()), {
        taken: false,
        data: {},
      })
    })

    it('takes tampered cookies for none', async () => {
      for (const cookie of [
        'visit=s%3Aabc.def',
        'visit=',
        'visit=%E0%A4%A',
        `visit=${'x'.repeat(4000)}`,
        'visit=s%3A.',
      ]) {
        assert.equal((await served.client().get('/all', { cookie })).body, '{}', cookie.slice(0, 40))
      }
    })
  })
}

describe('SessionEngine', () => {
  const over = async (t: any, engine: SessionEngine) => (await serve(t, appOver(engine) as any)).client()

  it('refuses a missing or short secret without showing it', () => {
    const code = { code: 'ERR_SESSION_OPTION' }
    for (const cookie of [undefined, {}, { secret: 'short' }, { secret: 5 }]) {
      assert.throws(() => new SessionEngine({ cookie } as any), code)
    }
    assert.throws(
      () => new SessionEngine({ cookie: { secret: 'hush hush' } }),
      (error: Error) => !error.message.includes('hush'),
    )
    assert.throws(() => new SessionEngine({ duration: '1h', cookie: { secret: SECRET } } as any), code)
  })

  it('takes the options in both spellings', async (t) => {
    for (const options of [{ automatic_touch: false }, { automaticTouch: false }]) {
      const storage = memoryStorage()
      const visitor = await over(t, storage.bind(new SessionEngine({ ...OPTIONS, ...options })))
      await visitor.get('/many')
      await visitor.get('/all')
      assert.deepEqual(storage.log, ['insert', 'read'])
    }
  })

  it('touches an unchanged session with each request that started it', async (t) => {
    const storage = memoryStorage()
    const visitor = await over(t, storage.bind(new SessionEngine(OPTIONS)))
    await visitor.get('/many')
    await visitor.get('/all')
    await visitor.get('/untouched')
    assert.deepEqual(storage.log, ['insert', 'read', 'touch'])
  })

  it('touch() works without automatic_touch', async (t) => {
    const storage = memoryStorage()
    const visitor = await over(t, storage.bind(new SessionEngine({ ...OPTIONS, automatic_touch: false })))
    await visitor.get('/many')
    await visitor.get('/touch')
    assert.deepEqual(storage.log, ['insert', 'read', 'touch'])
  })

  it('save_uninitialized keeps every visitor who started, as of old', async (t) => {
    for (const options of [{ save_uninitialized: true }, { saveUninitialized: true }]) {
      const storage = memoryStorage()
      const visitor = await over(t, storage.bind(new SessionEngine({ ...OPTIONS, ...options })))
      assert.equal((await visitor.get('/start')).setCookies.length, 1)
      assert.equal(await storage.count(), 1)
    }
  })

  it('names each operation that has no handler, at the first request and not before (FAULT 31)', async (t) => {
    const engine = new SessionEngine(OPTIONS).use('read', () => undefined).use('touch', () => {})
    const visitor = await over(t, engine)
    const answer = await visitor.get('/untouched')
    assert.equal(answer.status, 500)
    assert.match(answer.body, /ERR_SESSION_OPERATION .*write.*destroy/)
    await assert.rejects(engine.cleanup(), { code: 'ERR_SESSION_OPERATION', message: /cleanup/ })
    assert.throws(() => engine.use('reed' as any, () => undefined), {
      code: 'ERR_SESSION_OPTION',
      message: /reed/,
    })
    assert.throws(() => engine.use('read', 'x' as any), { code: 'ERR_SESSION_OPTION' })
  })

  it('cleanup asks the handler, or the store, and tells what it answered', async () => {
    let cleaned = 0
    const engine = new SessionEngine(OPTIONS)
    engine.use('cleanup', async () => ({ removed: ++cleaned }))
    assert.deepEqual(await engine.cleanup(), { removed: 1 })
    const store = new MemoryStore()
    store.backend.create('k', { body: '{"cookie":{}}', expires: Date.now() - 1 })
    assert.equal(await new SessionEngine(OPTIONS).useStore(store).cleanup(), 1)
  })

  it('touch() without start() starts by itself', async (t) => {
    const storage = memoryStorage()
    const visitor = await over(t, storage.bind(new SessionEngine({ ...OPTIONS, automatic_touch: false })))
    await visitor.get('/many')
    await visitor.get('/move')
    assert.deepEqual(storage.log, ['insert', 'read', 'touch'])
  })

  it('a destroy() that failed can be tried again', async (t) => {
    const storage = memoryStorage()
    const engine = storage.bind(new SessionEngine(OPTIONS))
    let fails = true
    engine.use('destroy', (session) => {
      if (fails) throw new Error('disk full')
      storage.records.delete(session.id as string)
    })
    const served = await serve(t, (req: any, res: any) =>
      engine.middleware(req, res, async () => {
        await req.session.start()
        if (req.url === '/') req.session.set('user', 'ann')
        else {
          const failed = await req.session.destroy().catch((error: any) => error.code)
          fails = false
          await req.session.destroy()
          res.setHeader('failed', failed)
        }
        res.end()
      }),
    )
    const visitor = served.client()
    await visitor.get('/')
    assert.equal(storage.records.size, 1)
    assert.equal((await visitor.get('/logout')).headers['failed'], 'ERR_SESSION_STORE')
    assert.equal(storage.records.size, 0)
  })

  it('a cookie that is refused is told of once, whatever asks for the id', async (t) => {
    const engine = memoryStorage().bind(new SessionEngine(OPTIONS))
    const refused: string[] = []
    engine.events.on('refused', ({ because }) => refused.push(because))
    const served = await serve(t, (req: any, res: any) =>
      engine.middleware(req, res, async () => {
        const ids = [req.session.id, req.session.signed_id, req.session.id]
        await req.session.start()
        res.end(JSON.stringify(ids))
      }),
    )
    const answer = await served.client().get('/', { cookie: 'visit=s%3Aabc.def' })
    assert.deepEqual(JSON.parse(answer.body), [null, null, null])
    assert.deepEqual(refused, ['signature'])
  })

  it('draws ids by the handler of id', async (t) => {
    let drawn = 0
    const storage = memoryStorage()
    const engine = storage
      .bind(new SessionEngine(OPTIONS))
      .use('id', async () => `drawn-${++drawn}-${'x'.repeat(20)}`)
    const visitor = await over(t, engine)
    await visitor.get('/many')
    assert.match(JSON.parse((await visitor.get('/about')).body).id, /^drawn-1-/)
  })

  it('one engine serves several applications', async (t) => {
    const storage = memoryStorage()
    const engine = storage.bind(new SessionEngine(OPTIONS))
    const first = await over(t, engine)
    const second = await over(t, engine)
    await first.get('/many')
    const cookie = `visit=${first.cookie('visit')}`
    assert.equal(JSON.parse((await second.get('/get/id', { cookie })).body), 'some_id')
  })

  it('a method that needs start() says so', async (t) => {
    const storage = memoryStorage()
    const engine = storage.bind(new SessionEngine(OPTIONS))
    const served = await serve(t, (req: any, res: any) =>
      engine.middleware(req, res, async () => {
        const codes: string[] = []
        for (const call of [
          () => req.session.get(),
          () => req.session.set('a', 1),
          () => req.session.roll(),
        ]) {
          try {
            await call()
          } catch (error: any) {
            codes.push(error.code, error.message.split(':')[0])
          }
        }
        res.end(JSON.stringify(codes))
      }),
    )
    const answer = await served.client().get('/')
    const code = 'ERR_SESSION_USAGE'
    assert.deepEqual(JSON.parse(answer.body), [code, 'get', code, 'set', code, 'roll'])
  })

  it('a storage that fails is an error page, and the next request works', async (t) => {
    const storage = memoryStorage()
    const engine = storage.bind(new SessionEngine(OPTIONS))
    let fails = true
    const write = memoryStorage()
    write.bind(new SessionEngine(OPTIONS))
    engine.use('write', (session) => {
      if (fails) throw new Error('disk full')
      storage.records.set(session.id as string, { data: session.get(), end: session.expires_at })
    })
    const visitor = await over(t, engine)
    const answer = await visitor.get('/many')
    assert.equal(answer.status, 500)
    assert.match(answer.body, /ERR_SESSION_STORE .*disk full/)
    assert.deepEqual(answer.setCookies, [])
    fails = false
    assert.equal((await visitor.get('/many')).status, 200)
  })

  it('options and data from JSON pollute nothing (FAULT 32)', async (t) => {
    const text = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"cookie":{"secret":"${SECRET}","__proto__":{"polluted":1}}}`
    const storage = memoryStorage()
    const engine = storage.bind(new SessionEngine(JSON.parse(text)))
    const served = await serve(t, (req: any, res: any) =>
      engine.middleware(req, res, async () => {
        await req.session.start()
        req.session.set(JSON.parse('{"__proto__":{"polluted":1},"constructor":2}'))
        res.end(JSON.stringify([Object.keys(req.session.get()), req.session.get('constructor')]))
      }),
    )
    assert.deepEqual(JSON.parse((await served.client().get('/')).body), [['__proto__', 'constructor'], 2])
    assert.equal(({} as any).polluted, undefined)
  })

  it('slow stores of express-session are served too', async (t) => {
    const visitor = await over(
      t,
      new SessionEngine(OPTIONS).useStore(
        new (oddStores(require('express-session').Store).SlowStore)() as any,
      ),
    )
    await visitor.get('/many')
    assert.equal(JSON.parse((await visitor.get('/get/email')).body), 'some_email')
  })
})
