import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Handler } from '../support/app'
import { ours, session } from './ours'

const base = { secret: 'x', resave: false, saveUninitialized: false }

/** A wrong option, the name it is told by, what is expected, and what came. */
const WRONG: ReadonlyArray<[options: object, message: RegExp]> = [
  [{ name: 'a b' }, /^option name: expected a cookie name .*, got "a b" \(string\)$/],
  [{ name: 5 }, /^option name: expected a cookie name .*, got 5 \(number\)$/],
  [{ key: 'a;b' }, /^option name: expected a cookie name/],
  [{ name: 'x'.repeat(300) }, /^option name: expected a cookie name/],
  [
    { secret: 5 },
    /^option secret: expected a non-empty string, Buffer or KeyObject, got "number" \(string\)$/,
  ],
  [{ secret: '' }, /^option secret: expected a non-empty string, Buffer or KeyObject, got an empty string$/],
  [{ secret: null }, /^option secret: expected a non-empty string, Buffer or KeyObject/],
  [{ secret: ['a', ''] }, /^option secret\[1\]: expected a non-empty string, Buffer or KeyObject/],
  [{ secret: { a: 'hidden' } }, /^option secret: expected/],
  [
    { store: {} },
    /^option store: expected a store with the methods get, set, destroy and on; get is missing, got an object \(Object\)$/,
  ],
  [{ store: 'redis' }, /^option store: expected a store .*, got "redis" \(string\)$/],
  [{ store: null }, /^option store: expected a store, or undefined for a MemoryStore, got null$/],
  [{ resave: 'no' }, /^option resave: expected true or false, got "no" \(string\)$/],
  [
    { saveUninitialized: 'false' },
    /^option saveUninitialized: expected true or false, got "false" \(string\)$/,
  ],
  [{ rolling: 'true' }, /^option rolling: expected true or false, got "true" \(string\)$/],
  [{ proxy: 'yes' }, /^option proxy: expected true or false, got "yes" \(string\)$/],
  [{ proxy: {} }, /^option proxy: expected true or false, got an object \(Object\)$/],
  [{ cacheControl: 'off' }, /^option cacheControl: expected true or false, got "off" \(string\)$/],
  [
    { cookie: { secure: 'true' } },
    /^option cookie\.secure: expected true or false, or 'auto', got "true" \(string\)$/,
  ],
  [{ cookie: { secure: 'AUTO' } }, /^option cookie\.secure: expected true or false, or 'auto'/],
  [{ cookie: { httpOnly: 'no' } }, /^option cookie\.httpOnly: expected true or false, got "no" \(string\)$/],
  [{ cookie: { partitioned: 'yes' } }, /^option cookie\.partitioned: expected true or false/],
  [{ cookie: 'x' }, /^option cookie: expected an object or a function, got "x" \(string\)$/],
  [
    { cookie: { maxAge: '1h' } },
    /^option cookie\.maxAge: expected milliseconds as a non-negative number or null, got "1h" \(string\)$/,
  ],
  [{ cookie: { maxAge: -1 } }, /^option cookie\.maxAge: .*, got -1 \(number\)$/],
  [{ cookie: { maxAge: Number.NaN } }, /^option cookie\.maxAge: .*, got NaN \(number\)$/],
  [{ cookie: { maxAge: Number.POSITIVE_INFINITY } }, /^option cookie\.maxAge: .*, got Infinity \(number\)$/],
  [
    { cookie: { expires: 'tomorrow' } },
    /^option cookie\.expires: expected a Date, null or false, got "tomorrow" \(string\)$/,
  ],
  [
    { cookie: { path: 'admin' } },
    /^option cookie\.path: expected a path that starts with '\/', got "admin" \(string\)$/,
  ],
  [{ cookie: { domain: 5 } }, /^option cookie\.domain: expected a host name, got 5 \(number\)$/],
  [
    { cookie: { sameSite: 'loose' } },
    /^option cookie\.sameSite: expected 'lax', 'strict', 'none', 'auto' or a boolean, got "loose" \(string\)$/,
  ],
  [
    { cookie: { priority: 'urgent' } },
    /^option cookie\.priority: expected 'low', 'medium' or 'high', got "urgent" \(string\)$/,
  ],
  [
    { name: '__Host-sid' },
    /^option cookie\.secure: expected true for a cookie named __Host-sid \(over http take .*\), got undefined/,
  ],
  [
    { name: '__Host-sid', cookie: { secure: true, path: '/x' } },
    /^option cookie\.path: expected '\/' for a cookie named __Host-sid/,
  ],
  [
    { name: '__Host-sid', cookie: { secure: true, domain: 'a.org' } },
    /^option cookie\.domain: expected undefined/,
  ],
  [
    { idleTimeout: '1h' },
    /^option idleTimeout: expected milliseconds as a number of at least 1, or undefined, got "1h" \(string\)$/,
  ],
  [{ idleTimeout: 0 }, /^option idleTimeout: .*, got 0 \(number\)$/],
  [{ absoluteTimeout: -5 }, /^option absoluteTimeout: .*, got -5 \(number\)$/],
  [{ touchAfter: 'never' }, /^option touchAfter: .*, got "never" \(string\)$/],
  [
    { touchAfter: 1000, idleTimeout: 1000 },
    /^option touchAfter: expected less than idleTimeout, got 1000 \(number\)$/,
  ],
  [
    { concurrency: 'lock' },
    /^option concurrency: expected 'merge' or 'overwrite' or 'reject', got "lock" \(string\)$/,
  ],
  [{ storeTimeout: 0 }, /^option storeTimeout: .*, got 0 \(number\)$/],
  [{ storeTimeout: 'long' }, /^option storeTimeout: .*, got "long" \(string\)$/],
  [{ skip: '/health' }, /^option skip: expected a function, got "\/health" \(string\)$/],
  [{ unset: 'maybe' }, /^unset option must be "destroy" or "keep", got "maybe" \(string\)$/],
  [{ genid: 5 }, /^genid option must be a function/],
]

describe('a wrong option is a TypeError when the middleware is made', () => {
  for (const [options, message] of WRONG) {
    it(JSON.stringify(options), () => {
      assert.throws(() => session({ ...base, ...options }), {
        name: 'TypeError',
        code: 'ERR_SESSION_OPTION',
        message,
      })
    })
  }

  it('options that are no object', () => {
    for (const options of ['secret', 5, true]) {
      assert.throws(() => session(options), { name: 'TypeError', code: 'ERR_SESSION_OPTION' })
    }
  })

  it('a wrong secret never stands in the message', () => {
    for (const secret of [{ a: 'hidden' }, [Symbol('hidden')], () => 'hidden', ['hidden', 5]]) {
      assert.throws(
        () => session({ ...base, secret }),
        (error: Error) => !error.message.includes('hidden'),
      )
    }
  })

  it('of MemoryStore too', () => {
    for (const options of [{ max: 0 }, { max: 'many' }, { ttl: 0 }, { ttl: '1h' }, { max: Number.NaN }]) {
      assert.throws(() => new session.MemoryStore(options), { name: 'TypeError', code: 'ERR_SESSION_OPTION' })
    }
  })

  it('what a cookie function returns is looked at for each request', async (t) => {
    const { client } = await ours(t, { cookie: () => ({ maxAge: 'long' }) })
    const { status, body } = await client.get('/put')
    assert.equal(status, 500)
    assert.match(body, /ERR_SESSION_OPTION option cookie\.maxAge/)
  })

  it('a cookie function that throws is an error of the request', async (t) => {
    const cookie = () => {
      throw new Error('no cookie today')
    }
    for (const kind of ['node:http', 'express 5'] as const) {
      const { client } = await ours(t, { cookie }, {}, { kind })
      assert.match((await client.get('/put')).body, /no cookie today/)
    }
  })

  it('a genid or a skip that throws is an error of the request', async (t) => {
    const fail = () => {
      throw new Error('not today')
    }
    for (const options of [{ genid: fail }, { genid: async () => fail() }, { skip: fail }]) {
      for (const kind of ['node:http', 'connect'] as const) {
        const { client } = await ours(t, options, {}, { kind })
        assert.match((await client.get('/put')).body, /not today/)
      }
    }
  })

  it('a genid that gives what cannot be an id is an error of the request', async (t) => {
    for (const id of ['', 'a b', 'a\nb', 'x'.repeat(600)]) {
      const { client } = await ours(t, { genid: () => id })
      const { status, body } = await client.get('/put')
      assert.equal(status, 500)
      assert.match(body, /ERR_SESSION_ID /)
    }
  })
})

describe('options from JSON', () => {
  it('with __proto__ and constructor pollute nothing and lend nothing', async (t) => {
    const evil = JSON.parse(
      '{"__proto__":{"polluted":1,"rolling":true,"name":"evil"},"constructor":{"prototype":{"polluted":1}},' +
        '"cookie":{"__proto__":{"domain":"evil.org"},"constructor":{"x":1},"sameSite":"lax"}}',
    )
    const { client } = await ours(t, evil)
    const [line = ''] = (await client.get('/put')).setCookies
    assert.match(line, /^connect\.sid=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.equal(({} as any).polluted, undefined)
  })

  it('a polluted Object.prototype is not taken for options', async (t) => {
    const { prototype } = Object as any
    prototype.maxAge = 1000
    prototype.domain = 'evil.org'
    prototype.secure = true
    prototype.rolling = true
    prototype.name = 'evil'
    t.after(() => {
      for (const name of ['maxAge', 'domain', 'secure', 'rolling', 'name']) delete prototype[name]
    })
    const { client } = await ours(t, {})
    await client.get('/put')
    const [line = ''] = (await client.get('/put?user=bob')).setCookies
    assert.equal(line, '')
    assert.match(client.jar.line('connect.sid') ?? '', /^connect\.sid=[^;]+; Path=\/; HttpOnly$/)
  })

  it('may be inherited from a class', async (t) => {
    class Defaults {
      get name() {
        return 'inherited'
      }
    }
    const options = Object.assign(new Defaults(), base)
    const middleware: Handler = session(options)
    const { client } = await ours(t, {}, {}, { before: [middleware] })
    assert.match((await client.get('/put')).setCookies[0] ?? '', /^inherited=/)
  })
})

describe('further options', () => {
  it('skip: requests for which it returns true have no session', async (t) => {
    const { client } = await ours(
      t,
      { skip: (req: any) => req.url.startsWith('/health') },
      {
        '/health': (req, res) =>
          res.end(JSON.stringify(['session' in req, 'sessionID' in req, 'sessionStore' in req])),
      },
    )
    await client.get('/put?user=ann')
    assert.equal((await client.get('/health')).body, '[false,false,false]')
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
  })

  it('cacheControl: a response with a new cookie may not be shared by caches', async (t) => {
    const table: Record<string, Handler> = {
      '/own': (req, res) => {
        req.session.n = Math.random()
        res.setHeader('Cache-Control', 'max-age=60')
        res.end()
      },
      '/head': (req, res) => {
        req.session.n = Math.random()
        res.writeHead(200, { 'Cache-Control': 'private' })
        res.end()
      },
    }
    const { visitor } = await ours(t, {}, table)
    const ann = visitor()
    assert.equal((await ann.get('/put')).headers['cache-control'], 'no-cache="Set-Cookie"')
    assert.equal((await ann.get('/')).headers['cache-control'], undefined)
    assert.equal((await visitor().get('/own')).headers['cache-control'], 'max-age=60')
    assert.equal((await visitor().get('/head')).headers['cache-control'], 'private')
    const off = await ours(t, { cacheControl: false }, table)
    assert.equal((await off.client.get('/put')).headers['cache-control'], undefined)
  })
})
