/** Cookies that the browser will not keep, and stores that are not there: said once, with what to change. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { partOf } from '../support/kits'
import { warningsOf } from '../support/warnings'
import { type OursOptions, odd, ours, session } from './ours'

const { domainCovers } = partOf('cookie/browser-rules')
const secret = 'a secret that is long enough'
const base = { secret, resave: false, saveUninitialized: false }

interface Visit {
  headers?: Record<string, string>
  path?: string
}

describe('a cookie that browsers refuse draws a warning with the fix', () => {
  /** Codes and messages of one request with these options. */
  const after = (
    t: any,
    options: object,
    { headers = {}, path = '/put' }: Visit = {},
    how: OursOptions = {},
  ) =>
    warningsOf(async () => {
      const table = {
        '/none': (req: any, res: any) => {
          req.session.cookie.sameSite = 'none'
          req.session.user = 'ann'
          res.end()
        },
      }
      const { client } = await ours(t, { secret, ...options }, table, how)
      for (let i = 0; i < 2; i++) await client.get(path, { headers })
    })

  const codes = (heard: Array<{ code: string }>) => heard.map(({ code }) => code)

  for (const cookie of [{ sameSite: 'none' }, { sameSite: 'None', secure: false }, { partitioned: true }]) {
    it(`${JSON.stringify(cookie)} without secure, when the middleware is made`, async () => {
      const [warning, ...more] = await warningsOf(() => session({ ...base, cookie }))
      assert.equal(warning?.code, 'SOJOURN_COOKIE_REJECTED')
      assert.match(warning?.message ?? '', /cookie\.secure: true/)
      assert.deepEqual(more, [])
    })
  }

  it('what a function or a session itself sets, when the cookie is sent', async (t) => {
    const cookie = () => ({ partitioned: true })
    assert.deepEqual(codes(await after(t, { cookie })), ['SOJOURN_COOKIE_REJECTED'])
    assert.deepEqual(codes(await after(t, {}, { path: '/none' })), ['SOJOURN_COOKIE_REJECTED'])
  })

  it("sameSite: 'auto' over https that is not secure", async (t) => {
    const headers = { 'x-forwarded-proto': 'https' }
    const options = { proxy: true, cookie: { sameSite: 'auto' } }
    assert.deepEqual(codes(await after(t, options, { headers })), ['SOJOURN_COOKIE_REJECTED'])
    assert.deepEqual(
      await after(t, { proxy: true, cookie: { sameSite: 'auto', secure: 'auto' } }, { headers }),
      [],
    )
  })

  it('a domain that does not match the host', async (t) => {
    const cookie = { domain: 'example.org' }
    const [warning, ...more] = await after(t, { cookie }, { headers: { host: 'app.example.com' } })
    assert.equal(warning?.code, 'SOJOURN_COOKIE_DOMAIN')
    assert.match(warning?.message ?? '', /"example\.org".*"app\.example\.com".*X-Forwarded-Host/)
    assert.deepEqual(more, [])
    assert.deepEqual(await after(t, { cookie }, { headers: { host: 'www.example.org:3000' } }), [])
    const behind = { host: 'app:3000', 'x-forwarded-host': 'www.example.org' }
    assert.deepEqual(await after(t, { cookie }, { headers: behind }), [])
  })

  it("secure: 'auto' behind a proxy that is not trusted", async (t) => {
    const headers = { 'x-forwarded-proto': 'https' }
    for (const kind of ['express 5', 'node:http'] as const) {
      const [warning, ...more] = await after(t, { cookie: { secure: 'auto' } }, { headers }, { kind })
      assert.equal(warning?.code, 'SOJOURN_PROXY_UNTRUSTED')
      assert.match(warning?.message ?? '', /trust proxy.*proxy: true/)
      assert.deepEqual(more, [])
    }
    assert.deepEqual(await after(t, { cookie: { secure: 'auto' } }), [])
    assert.deepEqual(await after(t, { proxy: true, cookie: { secure: 'auto' } }, { headers }), [])
    assert.deepEqual(await after(t, { proxy: false, cookie: { secure: 'auto' } }, { headers }), [])
  })

  it('a cookie that is well draws none', async (t) => {
    const headers = { 'x-forwarded-proto': 'https', host: 'example.org' }
    const cookie = { secure: true, sameSite: 'none', partitioned: true, domain: '.example.org' }
    assert.deepEqual(await after(t, { proxy: true, cookie }, { headers }), [])
  })
})

it('which hosts may set a cookie for a domain (RFC 6265 section 5.1.3)', () => {
  for (const host of ['example.org', 'www.example.org', 'WWW.Example.org:80', 'a.b.example.org'])
    assert.ok(domainCovers('.Example.org', host), host)
  for (const host of ['badexample.org', 'example.org.evil.com', 'org', 'localhost', ''])
    assert.ok(!domainCovers('example.org', host), host)
  assert.ok(domainCovers('10.0.0.1', '10.0.0.1:3000'))
  assert.ok(!domainCovers('0.0.1', '10.0.0.1'))
})

describe('a store that is disconnected', () => {
  it('is told at the first request that misses it, and when it is back', async (t) => {
    const store = new odd.PlainStore()
    const heard = await warningsOf(async () => {
      const { client } = await ours(t, { secret, store })
      store.emit('disconnect')
      await client.get('/')
      await client.get('/')
      store.emit('connect')
    })
    assert.deepEqual(
      heard.map(({ code }) => code),
      ['SOJOURN_STORE_DOWN', 'SOJOURN_STORE_UP'],
    )
  })

  it('is not told when the application closes its client at the end', async (t) => {
    const store = new odd.PlainStore()
    const told: unknown[] = []
    const heard = await warningsOf(async () => {
      const app = await ours(t, { secret, store })
      await app.client.get('/put')
      store.emit('disconnect')
      told.push(...app.told.filter(([name]) => name === 'storeState').map(([, event]) => event))
    })
    assert.deepEqual(heard, [])
    assert.deepEqual(told, [{ up: false }], 'the event is there all the same')
  })
})
