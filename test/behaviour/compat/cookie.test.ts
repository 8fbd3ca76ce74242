import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { type Handler, routes } from '../../support/app'
import { NOON, stopClock } from '../../support/clock'
import { putData, serveWith, showData } from '../../support/session-app'
import { behaviour, behaviourOnStores } from './behaviour'

const basics = { '/put': putData, '/': showData }

/** The raw value of a cookie, by the words of the wire format. */
function signed(id: string, secret: string | Buffer = 'keyboard cat'): string {
  const mac = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
  return encodeURIComponent(`s:${id}.${mac}`)
}

behaviour('T21: the JSON of a cookie has its keys in one order', ({ session, t }) => {
  stopClock(t)
  const { Cookie } = session
  const plain = new Cookie()
  assert.equal(JSON.stringify(plain), '{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"}')
  assert.deepEqual(Object.keys(plain.data), [
    'originalMaxAge',
    'partitioned',
    'priority',
    'expires',
    'secure',
    'httpOnly',
    'domain',
    'path',
    'sameSite',
  ])
  assert.deepEqual(plain.toJSON(), plain.data)
  const full = new Cookie({
    maxAge: 1000,
    partitioned: true,
    priority: 'high',
    secure: true,
    httpOnly: false,
    domain: 'x.org',
    path: '/p',
    sameSite: 'lax',
  })
  assert.equal(
    JSON.stringify(full),
    `{"originalMaxAge":1000,"partitioned":true,"priority":"high","expires":"${new Date(NOON + 1000).toISOString()}",` +
      '"secure":true,"httpOnly":false,"domain":"x.org","path":"/p","sameSite":"lax"}',
  )
})

behaviour('T21: a cookie has own path, _expires, originalMaxAge and httpOnly', ({ session }) => {
  const { Cookie } = session
  assert.deepEqual(Object.keys(new Cookie()).sort(), ['_expires', 'httpOnly', 'originalMaxAge', 'path'])
  const odd = new Cookie({ something: 1, signed: true, data: 'no', encode: String })
  assert.equal(odd.something, 1)
  assert.equal(odd.signed, true)
  assert.ok(!('something' in odd.data))
  assert.equal(odd.data.path, '/')
})

behaviour('T21: expires and maxAge are two views of one time', ({ session, t }) => {
  const clock = stopClock(t)
  const { Cookie } = session
  const cookie = new Cookie()
  for (const name of ['expires', 'maxAge', 'data']) {
    assert.ok(!Object.hasOwn(cookie, name))
    assert.ok(Object.getOwnPropertyDescriptor(Cookie.prototype, name)?.get, name)
  }
  assert.equal(cookie.maxAge, null)
  assert.equal(cookie.expires, null)

  cookie.maxAge = 1000
  assert.deepEqual(cookie.expires, new Date(NOON + 1000))
  assert.deepEqual(cookie._expires, cookie.expires)
  assert.equal(cookie.originalMaxAge, 1000)
  clock.advance(400)
  assert.equal(cookie.maxAge, 600)
  assert.equal(cookie.originalMaxAge, 1000)

  cookie.expires = new Date(NOON + 5400)
  assert.equal(cookie.maxAge, 5000)
  assert.equal(cookie.originalMaxAge, 5000)
  clock.advance(6000)
  assert.equal(cookie.maxAge, -1000)

  for (const nothing of [null, false, undefined]) {
    cookie.expires = nothing
    assert.equal(cookie.maxAge, nothing)
    assert.equal(cookie.originalMaxAge, nothing)
    cookie.maxAge = 1000
    cookie.maxAge = nothing
    assert.equal(cookie.expires, nothing)
  }
})

behaviour('T21: a cookie from options begins its life with them', ({ session, t }) => {
  stopClock(t)
  const { Cookie } = session
  assert.equal(new Cookie({ maxAge: 1000 }).originalMaxAge, 1000)
  assert.equal(new Cookie({ expires: new Date(NOON + 2000) }).originalMaxAge, 2000)
  assert.equal(new Cookie({ expires: new Date(NOON + 2000), originalMaxAge: 500 }).originalMaxAge, 500)
  assert.equal(new Cookie({ originalMaxAge: 500, maxAge: 1000 }).maxAge, 1000)
  assert.equal(new Cookie({ maxAge: 0 }).maxAge, 0)
  for (const options of [undefined, null, {}]) assert.equal(new Cookie(options).path, '/')
})

behaviour('T21: a wrong maxAge throws, a Date is taken', ({ session, t }) => {
  stopClock(t)
  process.once('deprecation', () => {})
  const { Cookie } = session
  for (const wrong of ['1000', 'an hour', {}, [], true]) {
    assert.throws(() => new Cookie({ maxAge: wrong }), TypeError)
  }
  assert.throws(() => new Cookie('text'), TypeError)
  assert.equal(new Cookie({ maxAge: new Date(NOON + 3000) }).maxAge, 3000)
  for (const nothing of [null, undefined, false, 0]) new Cookie({ maxAge: nothing })
  for (const nothing of [null, undefined, false]) new Cookie({ expires: nothing })
})

behaviour('T21: serialize gives a Set-Cookie value', ({ session, t }) => {
  stopClock(t)
  const cookie = new session.Cookie({ maxAge: 1000, secure: true, sameSite: 'strict', domain: 'x.org' })
  assert.equal(
    cookie.serialize('name', 'a b'),
    `name=a%20b; Domain=x.org; Path=/; Expires=${new Date(NOON + 1000).toUTCString()}; HttpOnly; Secure; SameSite=Strict`,
  )
  assert.equal(new session.Cookie({ httpOnly: false }).serialize('n', 'v'), 'n=v; Path=/')
})

behaviourOnStores(
  'T21: the record in the store is what express-session can read',
  async ({ kit, t, newStore, session }) => {
    stopClock(t)
    const store = newStore()
    const options = { store, cookie: { maxAge: 60_000, sameSite: 'lax' } }
    const client = (await serveWith(kit, t, options, routes(basics))).client()
    await client.get('/put?user=ann')
    const [body = ''] = Object.values<string>(store.sessions ?? Object.fromEntries(store.rows))
    assert.ok(
      body.startsWith(
        `{"cookie":{"originalMaxAge":60000,"expires":"${new Date(NOON + 60_000).toISOString()}","httpOnly":true,"path":"/","sameSite":"lax"`,
      ),
      body,
    )
    assert.ok(body.endsWith('},"user":"ann"}'))
    // Read back by the other rules.
    const record = JSON.parse(body)
    const made = new session.Store().createSession({ sessionID: 'a' }, record)
    assert.equal(made.cookie.maxAge, 60_000)
    assert.equal(made.cookie.sameSite, 'lax')
  },
)

behaviour('T22: the cookie is s: id . HMAC-SHA256, percent-encoded', async ({ kit, t }) => {
  for (const id of ['an-id', 'a/b+c=d;ü.e']) {
    const client = (await serveWith(kit, t, { genid: () => id }, routes(basics))).client()
    await client.get('/put?user=ann')
    assert.equal(client.cookie(), signed(id))
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
  }
})

behaviour('T22: an id has 32 characters of base64url', async ({ kit, t }) => {
  const app: Handler = (req, res) => {
    req.session.n = 1
    res.end(req.sessionID)
  }
  const { client } = await serveWith(kit, t, {}, app)
  const ids = new Set<string>()
  for (let i = 0; i < 5; i++) ids.add((await client().get('/')).body)
  assert.equal(ids.size, 5)
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{32}$/)
})

behaviour('T22: a secret is a string, Buffer, KeyObject or an array of them', async ({ kit, t }) => {
  const bytes = Buffer.from('00ff17', 'hex')
  for (const [secret, signs] of [
    ['a', 'a'],
    [bytes, bytes],
    [createSecretKey(bytes), bytes],
    [['b', 'a'], 'b'],
    [[createSecretKey('k', 'utf8'), bytes, 'a'], 'k'],
  ] as Array<[unknown, string | Buffer]>) {
    const client = (await serveWith(kit, t, { secret, genid: () => 'id' }, routes(basics))).client()
    await client.get('/put?user=ann')
    assert.equal(client.cookie(), signed('id', signs))
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
  }
})

behaviour('T22: the first secret signs, all verify', async ({ kit, t, newStore }) => {
  const store = newStore()
  const before = (await serveWith(kit, t, { store, secret: 'old' }, routes(basics))).client()
  await before.get('/put?user=ann')
  const cookie = `connect.sid=${before.cookie()}`
  const after = (await serveWith(kit, t, { store, secret: ['new', 'old'] }, routes(basics))).client()
  assert.equal((await after.get('/', { cookie })).body, '{"user":"ann"}')
  const without = (await serveWith(kit, t, { store, secret: ['new'] }, routes(basics))).client()
  assert.equal((await without.get('/', { cookie })).body, '{}')
})

behaviour('T22: an unsigned value is no session', async ({ kit, t, newStore }) => {
  const store = newStore()
  const client = (await serveWith(kit, t, { store, genid: () => 'id' }, routes(basics))).client()
  await client.get('/put?user=ann')
  for (const value of ['id', 's%3Aid', 's%3Aid.', 's:id', signed('id').slice(0, -3), signed('other')]) {
    const { status, body } = await client.get('/', { cookie: `connect.sid=${value}` })
    assert.equal(status, 200)
    assert.equal(body, '{}', value)
  }
  for (const value of [signed('id'), decodeURIComponent(signed('id')), `"${signed('id')}"`]) {
    assert.equal((await client.get('/', { cookie: `a=1; connect.sid=${value}; b=2` })).body, '{"user":"ann"}')
  }
})

behaviour('T22: Set-Cookie has Expires and never Max-Age', async ({ kit, t }) => {
  stopClock(t)
  const client = (await serveWith(kit, t, { cookie: { maxAge: 60_000 } }, putData)).client()
  const [line = ''] = (await client.get('/')).setCookies
  assert.match(line, new RegExp(`; Path=/; Expires=${new Date(NOON + 60_000).toUTCString()}; HttpOnly$`))
  const open = (await serveWith(kit, t, {}, putData)).client()
  assert.match((await open.get('/')).setCookies[0] ?? '', /^[^;]+; Path=\/; HttpOnly$/)
})

for (const option of ['expires', 'maxAge']) {
  behaviour(`T21: the option ${option} may be a Date: new sessions end then`, async ({ kit, t }) => {
    const clock = stopClock(t)
    const cookie = { [option]: new Date(NOON + 3_600_000) }
    const { client } = await serveWith(kit, t, { cookie }, putData)
    for (let i = 0; i < 2; i++) {
      const [line = ''] = (await client().get('/')).setCookies
      assert.match(line, new RegExp(`Expires=${new Date(NOON + 3_600_000).toUTCString()}`))
      clock.advance(600_000)
    }
  })

  for (const nothing of [false, null, undefined]) {
    behaviour(`T21: the option ${option}: ${nothing} is no end`, async ({ kit, t }) => {
      const client = (await serveWith(kit, t, { cookie: { [option]: nothing } }, routes(basics))).client()
      const [line = ''] = (await client.get('/put?user=ann')).setCookies
      assert.doesNotMatch(line, /Expires/)
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
    })
  }
}

behaviour('T22: all attributes go out', async ({ kit, t }) => {
  const cookie = {
    ...{ path: '/', domain: '127.0.0.1', httpOnly: false, secure: true },
    ...{ sameSite: 'none', priority: 'high', partitioned: true },
  }
  const client = (await serveWith(kit, t, { cookie }, putData, { https: true })).client()
  const [line = ''] = (await client.get('/')).setCookies
  assert.deepEqual(line.split('; ').slice(1).sort(), [
    'Domain=127.0.0.1',
    'Partitioned',
    'Path=/',
    'Priority=High',
    'SameSite=None',
    'Secure',
  ])
})

for (const [value, line] of [
  [true, 'SameSite=Strict'],
  ['strict', 'SameSite=Strict'],
  ['lax', 'SameSite=Lax'],
  ['none', 'SameSite=None'],
  [false, undefined],
  ['auto', 'SameSite=Lax'],
] as const) {
  behaviour(`T22: sameSite ${value} goes out as ${line ?? 'nothing'}`, async ({ kit, t }) => {
    const client = (await serveWith(kit, t, { cookie: { sameSite: value } }, putData)).client()
    const parts = (await client.get('/')).setCookies[0]?.split('; ').slice(1)
    assert.deepEqual(parts, ['Path=/', 'HttpOnly', ...(line ? [line] : [])])
  })
}

behaviour('T22: the cookie is appended to those that are there', async ({ kit, t }) => {
  for (const present of ['a=1', ['a=1', 'b=2']]) {
    const client = (
      await serveWith(kit, t, {}, (req, res) => {
        req.session.n = 1
        res.setHeader('Set-Cookie', present)
        res.end()
      })
    ).client()
    const { setCookies } = await client.get('/')
    assert.deepEqual(setCookies.slice(0, -1), ([] as string[]).concat(present))
    assert.match(setCookies.at(-1) ?? '', /^connect\.sid=/)
  }
})

behaviour('T22: the cookie is set when the headers are written', async ({ kit, t }) => {
  const seen: unknown[] = []
  const app: Handler = (req, res) => {
    req.session.n = 1
    seen.push(res.getHeader('Set-Cookie'))
    req.session.cookie.path = '/late'
    res.writeHead(201, { 'X-Own': 'y' })
    res.end()
  }
  const client = (await serveWith(kit, t, {}, app, { kind: 'node:http' })).client()
  const { status, headers, setCookies } = await client.get('/')
  assert.deepEqual(seen, [undefined])
  assert.equal(status, 201)
  assert.equal(headers['x-own'], 'y')
  assert.match(setCookies[0] ?? '', /; Path=\/late;/)
})

// T23 as it is written: what has to happen, from what is so.
for (const known of [false, true]) {
  for (const modified of [false, true]) {
    for (const saveUninitialized of [false, true]) {
      for (const rolling of [false, true]) {
        for (const maxAge of [null, 60_000]) {
          const due = known ? rolling || (maxAge !== null && modified) : saveUninitialized || modified
          const facts = [
            known ? 'a known session' : 'a new session',
            modified ? 'modified' : 'not modified',
            saveUninitialized && 'saveUninitialized',
            rolling && 'rolling',
            maxAge !== null && 'with an end',
          ]
          const title = `T23: ${due ? 'a cookie' : 'no cookie'} for ${facts.filter(Boolean).join(', ')}`
          behaviour(title, async ({ kit, t, newStore }) => {
            const options = { store: newStore(), saveUninitialized, rolling, cookie: { maxAge } }
            const client = (await serveWith(kit, t, options, routes(basics))).client()
            if (known) await client.get('/put?user=ann')
            const { setCookies } = await client.get(modified ? '/put?user=bob' : '/')
            assert.equal(setCookies.length, due ? 1 : 0)
          })
        }
      }
    }
  }
}

behaviour('T23: a change of the cookie alone is no change of the session', async ({ kit, t, newStore }) => {
  const app = routes({
    ...basics,
    '/cookie': (req, res) => {
      req.session.cookie.maxAge = 5000
      res.end()
    },
    '/nested': (req, res) => {
      req.session.basket = { ...req.session.basket, cookie: 'choc' }
      res.end()
    },
  })
  const options = { store: newStore(), cookie: { maxAge: 60_000 } }
  const client = (await serveWith(kit, t, options, app)).client()
  assert.deepEqual((await client.get('/cookie')).setCookies, [])
  await client.get('/put?user=ann')
  assert.deepEqual((await client.get('/cookie')).setCookies, [])
  // A key of this name further down is data.
  assert.equal((await client.get('/nested')).setCookies.length, 1)
  assert.deepEqual((await client.get('/nested')).setCookies, [])
})

behaviour('T23: another id is a change', async ({ kit, t, newStore }) => {
  const app = routes({ ...basics, '/new': (req, res) => req.session.regenerate(() => res.end()) })
  const client = (await serveWith(kit, t, { store: newStore() }, app)).client()
  await client.get('/put?user=ann')
  assert.equal((await client.get('/new')).setCookies.length, 1)
})

for (const [proxy, trust, headers, https, due] of [
  [undefined, false, {}, true, true],
  [undefined, false, {}, false, false],
  [undefined, false, { 'x-forwarded-proto': 'https' }, false, false],
  [undefined, true, { 'x-forwarded-proto': 'https' }, false, true],
  [undefined, true, { 'x-forwarded-proto': 'http' }, false, false],
  [true, false, { 'x-forwarded-proto': 'https' }, false, true],
  [true, false, { 'x-forwarded-proto': 'HTTPS, http' }, false, true],
  [true, false, { 'x-forwarded-proto': 'http, https' }, false, false],
  [true, false, {}, false, false],
  [true, false, { 'x-forwarded-proto': 'http' }, true, true],
  [false, true, { 'x-forwarded-proto': 'https' }, false, false],
  [false, false, {}, true, true],
] as const) {
  const title = [
    `T23: ${due ? 'a' : 'no'} secure cookie over ${https ? 'https' : 'http'}`,
    `proxy: ${proxy}`,
    trust ? 'trust proxy' : 'no trust',
    JSON.stringify(headers),
  ]
  behaviour(title.join(', '), async ({ kit, t }) => {
    const trusting: Handler = (req, _res, next) => {
      req.app.set('trust proxy', trust)
      next()
    }
    const options = { proxy, cookie: { secure: true } }
    const client = (await serveWith(kit, t, options, putData, { https, before: [trusting] })).client()
    const { setCookies } = await client.get('/', { headers })
    assert.equal(setCookies.length, due ? 1 : 0)
    if (due) assert.match(setCookies[0] ?? '', /; Secure/)
  })
}

behaviourOnStores('T23: cookie and record carry one time', async ({ kit, t, newStore }) => {
  const clock = stopClock(t)
  const store = newStore()
  const options = { store, rolling: true, cookie: { maxAge: 60_000 } }
  const app = routes({
    ...basics,
    '/slow': (req, res) => {
      req.session.n = 1
      clock.advance(700)
      res.write('a')
      clock.advance(700)
      res.end('b')
    },
  })
  const client = (await serveWith(kit, t, options, app)).client()
  for (const path of ['/put?user=ann', '/slow']) {
    clock.advance(5000)
    const [line = ''] = (await client.get(path)).setCookies
    const sid = decodeURIComponent(client.cookie() ?? '').slice(2, 34)
    const row = await new Promise<any>((resolve) =>
      store.get(sid, (_: unknown, found: any) => resolve(found)),
    )
    assert.equal(/Expires=([^;]+)/.exec(line)?.[1], new Date(row.cookie.expires).toUTCString())
  }
})
