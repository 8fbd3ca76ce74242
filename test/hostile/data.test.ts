import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as sojourn from '../../lib/index'
import { PlainStore, sessionApp } from '../response/support/apps'
import { OPTIONS } from '../response/support/modes'
import { begin, read, STORES, withSession } from '../response/support/visitors'
import { appOf, type Handler, serve } from '../support/app'

/** Records as somebody else may have written them, as JSON. */
const RECORDS: Record<string, string> = {
  'not JSON': '{"cookie":{',
  nothing: '',
  null: 'null',
  'a number': '42',
  'a text': '"cookie"',
  'a list': '[{"cookie":{}}]',
  'no cookie': '{"user":"mary"}',
  'a cookie that is a text': '{"cookie":"path=/"}',
  'a cookie that is null': '{"cookie":null}',
  'a cookie that is a list': '{"cookie":[]}',
  'prototypes for keys':
    '{"cookie":{},"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
  'prototypes in the cookie': '{"cookie":{"__proto__":{"path":"/x"},"constructor":1}}',
  'the names of our methods':
    '{"cookie":{},"save":1,"destroy":2,"touch":3,"req":4,"id":"other","renewId":5,"toJSON":6,"then":7}',
  'a path that would be a header': '{"cookie":{"path":"/\\r\\nX-Evil: 1","originalMaxAge":60000}}',
  'a domain that would be an attribute': '{"cookie":{"domain":"a.com; Secure","originalMaxAge":60000}}',
  'an end that is no time': '{"cookie":{"expires":"tomorrow","originalMaxAge":60000}}',
  'an end far away': '{"cookie":{"expires":"+275760-09-13T00:00:00.000Z","originalMaxAge":1e300}}',
  'attributes of other types':
    '{"cookie":{"path":{},"httpOnly":[],"secure":"","sameSite":{},"originalMaxAge":"x","priority":1}}',
  'a hundred deep': `{"cookie":{},"deep":${'['.repeat(100)}${']'.repeat(100)}}`,
}

const UNREADABLE = new Set(['not JSON', 'nothing'])

async function heal(work: () => Promise<unknown>): Promise<void> {
  await work()
  assert.equal(({} as any).admin, undefined, 'prototypes are as they were')
}

describe('a record that somebody has spoilt', () => {
  for (const [words, body] of Object.entries(RECORDS)) {
    for (const kind of ['memory', 'third-party'] as const) {
      it(`neither breaks nor hangs a request, and the visitor gets on: ${words}, ${kind} store`, async (t) => {
        await heal(async () => {
          const store: any = kind === 'memory' ? new sojourn.MemoryStore() : new PlainStore()
          const app = await sessionApp(
            t,
            store,
            withSession((req, res) => {
              if (req.url === '/new') return req.session.regenerate(() => res.end())
              req.session.n = 1
              return res.end('ok')
            }),
            { options: { rolling: true } },
          )
          const visitor = await begin(app)
          const [id] = kind === 'memory' ? Object.keys(store.sessions) : store.rows.keys()
          if (kind === 'memory') store.sessions[id] = body
          else store.rows.set(id, body)
          const client = app.client()
          const answer = await client.get('/x', { ...visitor, headers: { Connection: 'close' } })
          // What the store itself cannot read is its failure; what we cannot is no session.
          const expected = kind === 'third-party' && UNREADABLE.has(words) ? 500 : 200
          assert.equal(answer.status, expected)
          assert.equal(answer.headers['x-evil'], undefined)
          for (const line of answer.setCookies) assert.doesNotMatch(line, /Secure|evil/i)
          const next = await client.get('/new', visitor)
          const back = next.setCookies[0]?.split(';', 1)[0]
          assert.equal(next.status, expected)
          if (back) assert.equal((await client.get('/x', { cookie: back })).body, 'ok')
        })
      })
    }
  }
})

describe('data that a hostile client has put in its session', () => {
  for (const [words, makeStore] of Object.entries(STORES)) {
    it(`stay data, and parallel changes of them merge, ${words} store`, async (t) => {
      await heal(async () => {
        const app = await sessionApp(
          t,
          makeStore(),
          withSession(async (req, res) => {
            for await (const chunk of req) {
              const { key, value } = JSON.parse(chunk)
              // As a handler does that trusts the names it is given.
              Object.defineProperty(req.session, key, {
                value,
                enumerable: true,
                configurable: true,
                writable: true,
              })
            }
            res.end()
          }),
        )
        const visitor = await begin(app)
        const keys = [
          '__proto__',
          'constructor',
          'prototype',
          'toString',
          'hasOwnProperty',
          'then',
          'renewId',
          '\u0000',
          '',
          '\r\nX: 1',
        ]
        await Promise.all(
          keys.map((key) =>
            app.client().post('/x', JSON.stringify({ key, value: { admin: true } }), visitor),
          ),
        )
        const answer = await app.client().get('/read', visitor)
        for (const key of keys) assert.ok(answer.body.includes(`${JSON.stringify(key)}:{"admin":true}`), key)
        assert.equal((await read(app, visitor)).admin, undefined)
        assert.deepEqual(app.errors, [])
      })
    })
  }
})

describe('settings that come from a hostile request', () => {
  const headers = { 'X-Tenant': 'a.com; Secure; Path=/evil' }

  it('a cookie function that repeats a header: an error for next(), and no attribute of it in the cookie', async (t) => {
    for (const cookie of [
      (req: any) => ({ domain: req.headers['x-tenant'] }),
      (req: any) => ({ path: `/${req.headers['x-tenant']}` }),
      (req: any) => ({ sameSite: req.headers['x-tenant'] }),
      (req: any) => ({ maxAge: req.headers['x-tenant'] }),
      () => {
        throw new Error('no tenant')
      },
    ]) {
      const change: Handler = (req, res) => {
        req.session.n = 1
        res.end('ok')
      }
      const app = await sessionApp(t, new PlainStore(), change, {
        options: { cookie, cookiePath: undefined },
      })
      const answer = await app.client().get('/a.com', { headers })
      assert.ok(
        answer.status === 500 || answer.setCookies.length === 0,
        `${answer.status} ${answer.setCookies}`,
      )
    }
  })

  it('an id generator that repeats a header: an error for next(), or an id that is none of the header', async (t) => {
    for (const genid of [
      (req: any) => req.headers['x-id'],
      async (req: any) => req.headers['x-id'],
      () => Promise.reject(new Error('no id')),
      () => {
        throw new Error('no id')
      },
      () => '\ud800',
      () => 'a\nb',
      () => '',
    ]) {
      const store = new PlainStore()
      const app = await sessionApp(
        t,
        store,
        (req, res) => {
          req.session.n = 1
          res.end('ok')
        },
        { options: { genid } },
      )
      const answer = await app.client().get('/', { headers: { 'X-Id': 'a; b=c, d "e"' } })
      if (answer.status === 200) {
        for (const line of answer.setCookies) assert.match(line, /^connect\.sid=[\w.%-]+; Path=\/; HttpOnly$/)
      } else assert.equal(answer.status, 500)
      assert.deepEqual(
        [...store.rows.keys()].filter((id) => /[\s\ud800]/.test(id) && id !== 'a; b=c, d "e"'),
        [],
      )
    }
  })

  it('a name that cannot stand in a header is refused when the middleware is made', () => {
    for (const name of ['a b', 'a;b', 'a=b', 'a\r\nb', 'ü', '']) {
      if (name === '') continue
      assert.throws(() => sojourn.session({ ...OPTIONS, name }), { code: 'ERR_SESSION_OPTION' }, name)
    }
  })

  it('a forwarded protocol is believed only where the options say so', async (t) => {
    for (const [proxy, trusted] of [
      [undefined, false],
      [false, false],
      [true, true],
    ] as const) {
      const served = await serve(
        t,
        appOf('node:http', [
          sojourn.session({ ...OPTIONS, proxy, cookie: { secure: true } }) as Handler,
          (req, res) => {
            req.session.n = 1
            res.end()
          },
        ]),
      )
      for (const forwarded of ['https', ' HTTPS , http', 'https,http,http']) {
        const answer = await served.client().get('/', { headers: { 'X-Forwarded-Proto': forwarded } })
        assert.equal(answer.setCookies.length, trusted ? 1 : 0)
      }
      for (const forwarded of ['http, https', 'httpss', 'wss', ',https', '']) {
        const answer = await served.client().get('/', { headers: { 'X-Forwarded-Proto': forwarded } })
        assert.equal(answer.setCookies.length, 0, forwarded)
      }
    }
  })
})
