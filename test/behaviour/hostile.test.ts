import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { fingerprint } from '../../lib/base/ids'
import type { Handler } from '../support/app'
import { inTime } from '../support/session-app'
import { idOf, keep, odd, ours, STORES, session } from './ours'

const sign = (id: string) =>
  encodeURIComponent(
    `s:${id}.${createHmac('sha256', 'keyboard cat').update(id).digest('base64').replace(/=+$/, '')}`,
  )

describe('a cookie that is not ours is no session and an event, never an error', () => {
  const unsigned: Array<[string, string]> = [
    ['tampered with', 's%3Aid.AAAA'],
    ['signed with another secret', `s%3Aid.${createHmac('sha256', 'x').update('id').digest('base64url')}`],
    ['unsigned', 'id'],
    ['without an id', sign('').replace('s%3A', '')],
    ['with nothing but the mark', 's%3A'],
    ['with a dot and nothing', 's%3A.'],
    ['with broken percent signs', '%E0%A4%A'],
    ['with a lone percent sign', '%'],
    ['of 8 kB', 'x'.repeat(8000)],
    ['of 8 kB of marks', 's%3A'.repeat(2000)],
    ['with quotes that do not match', '"s%3Aid.AAAA'],
    ['of JSON', 'j%3A%7B%22a%22%3A1%7D'],
    ['named like a method', '__proto__'],
  ]
  for (const [what, value] of unsigned) {
    it(what, async (t) => {
      for (const [, make] of STORES) {
        const { client, told } = await ours(t, { store: make() })
        const { status, body, setCookies } = await client.get('/', { cookie: `connect.sid=${value}` })
        assert.equal(status, 200)
        assert.equal(body, '{}')
        assert.deepEqual(setCookies, [])
        assert.deepEqual(told, [['refused', { because: 'signature' }]])
      }
    })
  }

  const malformed: Array<[string, string]> = [
    ['an id with a line break', 'a\r\nb'],
    ['an id with a NUL', 'a\0b'],
    ['an id with a blank', 'a b'],
    ['an id that is too long', 'x'.repeat(513)],
    ['an empty id', ''],
  ]
  for (const [what, id] of malformed) {
    it(`signed by us, with ${what}: the store never sees it`, async (t) => {
      const store = new odd.PlainStore()
      const { client, told } = await ours(t, { store })
      assert.equal((await client.get('/', { cookie: `connect.sid=${sign(id)}` })).body, '{}')
      assert.deepEqual(told, [['refused', { because: 'malformed' }]])
      assert.deepEqual(store.calls, [])
    })
  }

  it('signed by us, of a session that is not there: never adopted', async (t) => {
    for (const [, make] of STORES) {
      const store = make()
      const { client, told } = await ours(t, { store })
      await client.get('/put?user=ann', { cookie: `connect.sid=${sign('chosen')}` })
      assert.equal(told[0]?.[0], 'refused')
      assert.equal(told[0]?.[1].because, 'unknown')
      assert.notEqual(idOf(client), 'chosen')
      const rows = store.rows ? [...store.rows.keys()] : Object.keys(store.sessions)
      assert.deepEqual(rows, [idOf(client)])
    }
  })

  it('names that contain ours are other cookies', async (t) => {
    const { client, told } = await ours(t, {})
    await client.get('/put?user=ann')
    const good = keep(client)
    const others = `xconnect.sid=a; connect.sidx=b; connect.sid.x=c; a=connect.sid=d; connect.sid`
    for (const cookie of [`${others}; ${good}`, `${good}; ${others}`, `${others};${good}`]) {
      assert.equal((await client.get('/', { cookie })).body, '{"user":"ann"}')
    }
    assert.deepEqual(
      told.map(([name]) => name),
      ['created'],
    )
  })

  it('no more than eight of one name are looked at', async (t) => {
    const { client, told } = await ours(t, {})
    await client.get('/put?user=ann')
    const good = keep(client)
    const bad = (count: number) => Array(count).fill('connect.sid=bad').join('; ')
    assert.equal((await client.get('/', { cookie: `${bad(7)}; ${good}` })).body, '{"user":"ann"}')
    told.length = 0
    assert.equal((await client.get('/', { cookie: `${bad(400)}; ${good}` })).body, '{}')
    assert.ok(told.length <= 9, `${told.length} events`)
  })

  it('ids of other sessions are never read out of the URL, the body or other headers', async (t) => {
    const { client } = await ours(t, {})
    await client.get('/put?user=ann')
    const value = client.cookie() ?? ''
    const { body } = await client.post(`/?connect.sid=${value}`, `connect.sid=${value}`, {
      headers: { authorization: value, 'x-session': value, 'set-cookie': `connect.sid=${value}` },
      cookie: null,
    })
    assert.equal(body, '{}')
  })
})

describe('a record that cannot be read counts as absent', () => {
  const broken: Array<[string, string]> = [
    ['is no JSON', '{"cookie":{'],
    ['is empty', ''],
    ['is a text', '"session"'],
    ['is a list', '[{"cookie":{}}]'],
    ['is null', 'null'],
    ['has no cookie', '{"user":"ann"}'],
    ['has a cookie that is no object', '{"cookie":5,"user":"ann"}'],
    ['has a list as cookie', '{"cookie":[],"user":"ann"}'],
  ]
  for (const [what, body] of broken) {
    it(`that ${what}, in MemoryStore`, async (t) => {
      const store = new session.MemoryStore()
      const { client, told } = await ours(t, { store })
      await client.get('/put?user=ann')
      const id = idOf(client)
      store.sessions[id] = body
      told.length = 0
      const { status, body: shown } = await client.get('/')
      assert.equal(status, 200)
      assert.equal(shown, '{}')
      assert.deepEqual(told[0], ['unreadable', { session: fingerprint(id) }])
    })
  }

  for (const [what, record] of [
    ['a text', 'session'],
    ['a number', 5],
    ['a list', [{ cookie: {} }]],
    ['without a cookie', { user: 'ann' }],
    ['with a broken cookie', { cookie: 'x' }],
  ] as const) {
    it(`that is ${what}, in a store of others`, async (t) => {
      const store = new odd.PlainStore()
      const { client, told } = await ours(t, { store })
      await client.get('/put?user=ann')
      told.length = 0
      store.get = (_sid: string, done: any) => setImmediate(done, null, record)
      const { status, body } = await client.get('/')
      assert.equal(status, 200)
      assert.equal(body, '{}')
      assert.equal(told[0]?.[0], 'unreadable')
    })
  }

  it('one with odd values in its cookie is read for what it is worth', async (t) => {
    for (const [, make] of STORES) {
      const store = make()
      const { client } = await ours(t, { store, cookie: { maxAge: 60_000 } })
      await client.get('/put?user=ann')
      for (const cookie of [
        '{}',
        '{"expires":"not a date","originalMaxAge":"text","path":5,"httpOnly":"x"}',
        '{"expires":null,"originalMaxAge":null,"created":"x","active":{},"own":"path"}',
        '{"own":["path","__proto__","constructor"],"path":"/x","__proto__":{"domain":"evil.org"}}',
        '{"expires":false,"originalMaxAge":false,"created":1e400,"own":[5]}',
      ]) {
        const body = `{"cookie":${cookie},"user":"eve"}`
        if (store.rows) store.rows.set(idOf(client), body)
        else store.sessions[idOf(client)] = body
        assert.equal((await client.get('/')).body, '{"user":"eve"}', cookie)
        const { setCookies } = await client.get('/put?user=bob')
        assert.ok(setCookies.every((line) => !line.includes('evil')))
      }
    }
  })
})

describe('data that JSON cannot write', () => {
  const circle: any = {}
  circle.self = circle
  const values: Array<[string, unknown]> = [
    ['a BigInt', 1n],
    ['a circle', circle],
    ['a BigInt deep inside', { a: [{ b: 2n }] }],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new Error('boom')
        },
      },
    ],
  ]
  for (const [what, value] of values) {
    it(`${what}: an error that names the key, before the headers, and nothing is written`, async (t) => {
      for (const [, make] of STORES) {
        const cart: Handler = (req, res) => {
          req.session.fine = 'changed'
          req.session.cart = value
          res.write('half ')
          res.end('done')
        }
        const { client } = await ours(
          t,
          { store: make() },
          {
            '/cart': cart,
            '/save': (req, res) => {
              req.session.cart = value
              req.session.save().catch((error: any) => {
                delete req.session.cart
                res.end(`${error.code} ${error.message}`)
              })
            },
          },
        )
        await client.get('/put?fine=1')
        const { status, body } = await inTime(client.get('/cart'))
        assert.equal(status, 500)
        assert.match(body, /ERR_SESSION_UNSERIALIZABLE session key "cart" cannot be written as JSON/)
        assert.doesNotMatch(body, /half/)
        assert.match(
          (await inTime(client.get('/save'))).body,
          /^ERR_SESSION_UNSERIALIZABLE session key "cart"/,
        )
        assert.equal((await client.get('/')).body, '{"fine":"1"}')
      }
    })
  }
})

describe('keys of any name are data', () => {
  it('__proto__, constructor, toJSON and names with quotes come back', async (t) => {
    const data = JSON.parse(
      '{"__proto__":{"admin":true},"constructor":1,"prototype":2,"a\\"b":3,"":4,"\\u2028":5,"7":6}',
    )
    for (const [, make] of STORES) {
      const { client } = await ours(
        t,
        { store: make() },
        {
          '/put': (req, res) => {
            for (const key of Object.keys(data)) {
              Object.defineProperty(req.session, key, {
                value: data[key],
                enumerable: true,
                configurable: true,
                writable: true,
              })
            }
            res.end()
          },
          '/': (req, res) => {
            assert.equal(req.session.admin, undefined)
            const { cookie: _, ...shown } = req.session
            assert.equal(Object.getPrototypeOf(req.session), session.Session.prototype)
            res.end(JSON.stringify(shown))
          },
          '/other': (req, res) => {
            req.session.other = 1
            res.end()
          },
        },
      )
      await client.get('/put')
      await client.get('/other')
      const shown = JSON.parse((await client.get('/')).body)
      assert.deepEqual(Object.keys(shown).sort(), [...Object.keys(data), 'other'].sort())
      assert.equal(({} as any).admin, undefined)
    }
  })
})

describe('cookie settings that cannot stand in a header', () => {
  const settings: Array<[name: string, value: unknown]> = [
    ['path', '/a;b'],
    ['path', '/a\r\nX-Evil: 1'],
    ['domain', 'evil org'],
    ['sameSite', 'loose'],
    ['priority', 'urgent'],
    ['expires', new Date(Number.NaN)],
  ]
  for (const [name, value] of settings) {
    it(`${name} ${JSON.stringify(value)} set by a handler: an error page, and the next request works`, async (t) => {
      for (const [, make] of STORES) {
        const { client } = await ours(
          t,
          { store: make(), rolling: true },
          {
            '/odd': (req, res) => {
              req.session.cookie[name] = value
              req.session.odd = 1
              res.end('odd')
            },
          },
        )
        await client.get('/put?user=ann')
        const before = keep(client)
        const { status, body, headers } = await inTime(client.get('/odd'))
        assert.equal(status, 500)
        assert.match(body, new RegExp(`${name} is invalid`))
        assert.equal(headers['x-evil'], undefined)
        assert.equal((await inTime(client.get('/put?user=bob', { cookie: before }))).status, 200)
      }
    })
  }
})

describe('req.session replaced by something that is no session', () => {
  for (const value of [{ user: 'eve' }, 'text', 5, [], () => {}]) {
    it(`${typeof value} ${JSON.stringify(value)}: an error page, and the session stays as it was`, async (t) => {
      for (const [, make] of STORES) {
        const { client } = await ours(
          t,
          { store: make() },
          {
            '/replace': (req, res) => {
              req.session = value
              res.end('done')
            },
          },
        )
        assert.match(
          (await inTime(client.get('/replace'))).body,
          /ERR_SESSION_USAGE req\.session was replaced/,
        )
        await client.get('/put?user=ann')
        assert.equal((await inTime(client.get('/replace'))).status, 500)
        assert.equal((await client.get('/')).body, '{"user":"ann"}')
      }
    })
  }
})
