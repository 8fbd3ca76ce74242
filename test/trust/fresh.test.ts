import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { appOf, type Handler, routes, serve } from '../support/app'
import { BOUND_COOKIE, BoundBrowser } from '../support/bound-app'
import { stopClock } from '../support/clock'
import { sojourn } from '../support/kits'
import { oddStores } from '../support/odd-stores'
import { BASE_OPTIONS } from '../support/session-app'

const MINUTE = 60_000
const { session } = sojourn

async function begin(t: TestContext, options: object = {}) {
  const sessions = session({ ...BASE_OPTIONS, ...options })
  const only: Record<string, Handler> = {
    '/pay': session.requireFresh({ within: 5 * MINUTE }),
    '/key': session.requireFresh({ within: 5 * MINUTE, proof: 'key' }),
    '/ask': session.requireFresh({ within: 5 * MINUTE, otherwise: (_req: any, res: any) => res.end('who?') }),
  }
  const table: Record<string, Handler> = {
    '/login': async (req, res) => {
      await req.session.regenerate()
      req.session.user = 'ann'
      res.end()
    },
    '/confirm': async (req, res) => {
      await sessions.confirm(req)
      res.end()
    },
    '/confirm-and-replace': async (req, res) => {
      await sessions.confirm(req)
      req.session.cookie = { path: '/' }
      await req.session.renewId()
      res.end()
    },
    '/replace-and-confirm': async (req, res) => {
      req.session.cookie = { path: '/' }
      await sessions.confirm(req)
      res.end()
    },
    '/bind': async (req, res) => {
      req.session.user = 'ann'
      await sessions.bind(req)
      res.end()
    },
    '/fresh': (req, res) => res.end(String(sessions.fresh(req, 5 * MINUTE))),
    '/bound': (req, res) => res.end(String(req.session.bound)),
  }
  const guarded: Handler = (req, res, next) => {
    const guard = only[req.url]
    return guard ? guard(req, res, (error) => (error ? next(error) : res.end('done'))) : next()
  }
  const app = appOf('express 5', [sessions, guarded, routes(table)])
  return serve(t, app, { https: true })
}

for (const [kind, make] of [
  ['MemoryStore', () => new session.MemoryStore()],
  ['a store of others', () => new (oddStores(session.Store).PlainStore)()],
] as const) {
  describe(`a proof of the user, in ${kind}`, () => {
    it('counts for as long as it is asked to, and no longer', async (t) => {
      const clock = stopClock(t)
      const client = (await begin(t, { store: make() })).client()
      await client.get('/login')
      assert.equal((await client.get('/fresh')).body, 'false')
      await client.get('/confirm')
      clock.advance(5 * MINUTE)
      assert.equal((await client.get('/fresh')).body, 'true')
      assert.equal((await client.get('/pay')).body, 'done')
      clock.advance(1)
      assert.equal((await client.get('/fresh')).body, 'false')
      const answer = await client.get('/pay')
      assert.equal(answer.status, 401)
      assert.match(
        String(answer.headers['www-authenticate']),
        /insufficient_user_authentication", max_age="300"/,
      )
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal((await client.get('/ask')).body, 'who?')
    })

    it('is of one session, and lost with a new one', async (t) => {
      const served = await begin(t, { store: make() })
      const [client, other] = [served.client(), served.client()]
      await client.get('/login')
      await other.get('/login')
      await client.get('/confirm')
      assert.equal((await other.get('/fresh')).body, 'false')
      await client.get('/login')
      assert.equal((await client.get('/fresh')).body, 'false')
      assert.equal((await served.client().get('/pay')).status, 401)
    })

    it('outlives what a handler does to the cookie, and a new id', async (t) => {
      const client = (await begin(t, { store: make() })).client()
      for (const path of ['/confirm-and-replace', '/replace-and-confirm']) {
        await client.get('/login')
        await client.get(path)
        assert.equal((await client.get('/fresh')).body, 'true', path)
      }
    })
  })
}

describe('a proof of the device’s key', () => {
  it('is asked for by a redirect to the same place, and given by a refresh', async (t) => {
    const clock = stopClock(t)
    const served = await begin(t, { deviceBound: true })
    const browser = await new BoundBrowser(served.client()).loginAndRegister()
    assert.equal((await browser.client.get('/key')).body, 'done')
    clock.advance(5 * MINUTE + 1)
    const answer = await browser.client.get('/key')
    assert.equal(answer.status, 307)
    assert.equal(answer.headers.location, '/key')
    assert.equal(browser.client.cookie(BOUND_COOKIE), undefined)
    await browser.refresh()
    assert.equal((await browser.client.get('/key')).body, 'done')
  })

  it('is not given by who comes back without it, nor by a session that is not bound', async (t) => {
    const clock = stopClock(t)
    const served = await begin(t, { deviceBound: true })
    const browser = await new BoundBrowser(served.client()).loginAndRegister()
    clock.advance(6 * MINUTE)
    await browser.client.get('/key')
    assert.equal((await browser.client.get('/key')).status, 401)
    const plain = served.client()
    await plain.get('/login')
    assert.equal((await plain.get('/key')).status, 401)
  })

  it('survives a cookie that the handler made itself while a user was confirmed', async (t) => {
    const clock = stopClock(t)
    const served = await begin(t, { deviceBound: true })
    const browser = await new BoundBrowser(served.client()).loginAndRegister()
    clock.advance(MINUTE)
    await browser.client.get('/replace-and-confirm')
    assert.equal((await browser.client.get('/bound')).body, 'true')
  })

  it('is asked for at a login that keeps its id, by bind', async (t) => {
    const served = await begin(t, { deviceBound: true })
    const browser = new BoundBrowser(served.client())
    await browser.login('/bind')
    assert.equal((await browser.register()).status, 200)
    assert.equal((await browser.client.get('/bound')).body, 'true')
  })
})

describe('what cannot be meant', () => {
  it('is told of at creation, or where it is called', async () => {
    for (const options of [
      {},
      { within: 0 },
      { within: '5m' },
      { within: 1, proof: 'me' },
      { within: 1, otherwise: 1 },
    ])
      assert.throws(() => session.requireFresh(options), { code: 'ERR_SESSION_OPTION' })
    const sessions = session(BASE_OPTIONS)
    assert.equal(sessions.fresh({}, 1), false)
    await assert.rejects(sessions.confirm({}), { code: 'ERR_SESSION_USAGE' })
    await assert.rejects(sessions.bind({ session: {} }), { code: 'ERR_SESSION_USAGE' })
  })
})
