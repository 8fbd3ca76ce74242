import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { APP_KINDS, appOf, routes, serve } from './app'
import { NOON, stopClock } from './clock'
import { CookieJar } from './cookie-jar'
import { KITS } from './kits'
import { oddStores } from './odd-stores'

describe('the visitor of the tests', () => {
  for (const kind of APP_KINDS) {
    it(`sends back the cookies that an application on ${kind} sets`, async (t) => {
      const listener = appOf(kind, [
        routes({
          '/set': (_req, res) => {
            res.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; Path=/only', 'c=3; Path=/; Secure'])
            res.end()
          },
          '*': (req, res) => res.end(req.headers.cookie ?? 'none'),
          '/fail': (_req, _res, next) => next(new Error('on purpose')),
        }),
      ])
      const client = (await serve(t, listener)).client()
      assert.equal((await client.get('/')).body, 'none')
      assert.equal((await client.get('/set')).setCookies.length, 3)
      assert.equal((await client.get('/')).body, 'a=1')
      assert.equal((await client.get('/only/x')).body, 'a=1; b=2')
      const failed = await client.get('/fail')
      assert.equal(failed.status, 500)
      assert.equal(failed.body, 'error: on purpose')
    })
  }

  it('gets secure cookies over https', async (t) => {
    const listener = appOf('node:http', [
      (req, res) => {
        res.setHeader('Set-Cookie', 'c=3; Path=/; Secure')
        res.end(req.headers.cookie ?? 'none')
      },
    ])
    const client = (await serve(t, listener, { https: true })).client()
    await client.get('/')
    assert.equal((await client.get('/')).body, 'c=3')
  })

  it('drops cookies that have ended', (t) => {
    const clock = stopClock(t)
    const jar = new CookieJar()
    jar.take(`a=1; Path=/; Expires=${new Date(NOON + 1000).toUTCString()}`)
    assert.equal(jar.header('/'), 'a=1')
    clock.advance(1000)
    assert.equal(jar.header('/'), undefined)
    jar.take('a=2; Path=/')
    jar.take('a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
    assert.equal(jar.get('a'), undefined)
  })
})

describe('the odd stores of the tests', () => {
  for (const { name, session } of KITS) {
    it(`can be built on the Store of ${name}, and keep a session`, async () => {
      for (const [kind, Store] of Object.entries(oddStores(session.Store)) as Array<[string, any]>) {
        const store = new Store()
        const cookie = new session.Cookie()
        await new Promise<void>((resolve) => store.set('a', { cookie, n: 1 }, () => resolve()))
        const found = await new Promise<any>((resolve) => {
          store.get('a', (_error: unknown, value: unknown) => resolve(value))
        })
        assert.equal(found.n, 1, kind)
      }
    })
  }
})
