import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { appOf, routes, serve } from '../support/app'
import { BOUND_COOKIE, BoundBrowser, REFRESH, serveBound } from '../support/bound-app'
import { stopClock } from '../support/clock'
import { Device } from '../support/device'
import { sojourn } from '../support/kits'
import { overOurStores } from '../support/our-stores'

const SECOND = 1000
const MINUTE = 60 * SECOND

async function visit(t: TestContext, options: object = {}, device?: Device) {
  const served = await serveBound(t, options)
  return { served, browser: new BoundBrowser(served.client(), device) }
}

describe('a login', () => {
  it('asks the browser for a key', async (t) => {
    const { browser } = await visit(t)
    const { headers } = await browser.login()
    assert.match(
      String(headers['secure-session-registration']),
      /^\(ES256 RS256\);path="\/device-session\/register";challenge="[\w.-]+"$/,
    )
    assert.equal(headers['secure-session-challenge'], undefined)
  })

  it('by renewId asks too; a visit that is no login does not', async (t) => {
    const { browser, served } = await visit(t)
    const visitor = served.client()
    for (const path of ['/', '/put']) {
      assert.equal((await visitor.get(path)).headers['secure-session-registration'], undefined)
    }
    await browser.login('/renew')
  })

  it('is bound by what the browser registers', async (t) => {
    for (const algorithm of ['ES256', 'RS256'] as const) {
      const { browser } = await visit(t, {}, new Device(algorithm))
      await browser.login()
      assert.equal((await browser.client.get('/bound')).body, 'false')
      const answer = await browser.register()
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-type'], 'application/json')
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal(answer.headers['secure-session-challenge'], undefined)
      const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax'
      assert.deepEqual(JSON.parse(answer.body), {
        session_identifier: browser.identifier,
        refresh_url: REFRESH,
        scope: { include_site: false },
        credentials: [{ type: 'cookie', name: BOUND_COOKIE, attributes }],
      })
      const [line = ''] = answer.setCookies
      const rest = line.slice(line.indexOf(';') + 2).replace(/Expires=[^;]*; /, '')
      assert.deepEqual(rest.split('; ').sort(), attributes.split('; ').sort())
      assert.equal((await browser.client.get('/bound')).body, 'true')
    }
  })

  it('goes on with the plain cookie where the browser registers no key', async (t) => {
    const clock = stopClock(t)
    const { browser } = await visit(t)
    await browser.login()
    clock.advance(60 * MINUTE)
    assert.equal((await browser.client.get('/')).body, '{"user":"ann"}')
  })

  it('ends for such a browser with require, and not for one that registers', async (t) => {
    const clock = stopClock(t)
    const { browser, served } = await visit(t, { deviceBound: { require: true } })
    const plain = new BoundBrowser(served.client())
    await plain.login()
    await browser.loginAndRegister()
    clock.advance(29 * SECOND)
    assert.equal((await plain.client.get('/')).body, '{"user":"ann"}')
    clock.advance(2 * SECOND)
    assert.equal((await plain.client.get('/')).body, '{}')
    assert.equal((await browser.client.get('/')).body, '{"user":"ann"}')
  })
})

describe('a bound session', () => {
  it('is not there without the bound cookie, and comes back by a refresh', async (t) => {
    const clock = stopClock(t)
    const { browser } = await visit(t)
    await browser.loginAndRegister()
    clock.advance(10 * MINUTE + 1)
    const answer = await browser.client.get('/')
    assert.equal(answer.body, '{}')
    assert.deepEqual(answer.setCookies, [])
    const refused = await browser.ask()
    assert.equal(refused.status, 403)
    assert.match(
      String(refused.headers['secure-session-challenge']),
      new RegExp(`^"[\\w.-]+";id="${browser.identifier}"$`),
    )
    const proved = await browser.prove()
    assert.equal(proved.status, 200)
    assert.equal(proved.body, '')
    assert.equal((await browser.client.get('/')).body, '{"user":"ann"}')
  })

  it('is worth nothing to who has both cookies, once the bound one has ended', async (t) => {
    const clock = stopClock(t)
    const { browser } = await visit(t)
    await browser.loginAndRegister()
    const thief = browser.client.twin()
    const both = thief.jar.header('/', true) as string
    t.after(() => thief.stop())
    assert.equal((await thief.get('/')).body, '{"user":"ann"}')
    clock.advance(10 * MINUTE + 1)
    // The thief keeps sending what a browser would have dropped.
    assert.equal((await thief.get('/', { cookie: both })).body, '{}')
    await browser.refresh()
    assert.equal((await thief.get('/', { cookie: both })).body, '{}')
    assert.equal((await browser.client.get('/')).body, '{"user":"ann"}')
  })

  it('takes no bound cookie of another session, nor a changed one', async (t) => {
    const clock = stopClock(t)
    const { browser, served } = await visit(t)
    await browser.loginAndRegister()
    const other = await new BoundBrowser(served.client()).loginAndRegister()
    clock.advance(11 * SECOND)
    const session = `connect.sid=${browser.client.cookie()}`
    const own = browser.client.cookie(BOUND_COOKIE) as string
    const get = async (bound: string) =>
      (await browser.client.get('/', { cookie: `${session}; ${BOUND_COOKIE}=${bound}` })).body
    assert.equal(await get(own), '{"user":"ann"}')
    for (const bound of [
      other.client.cookie(BOUND_COOKIE) as string,
      own.slice(0, -1),
      `${own}A`,
      own.replace(/^./, (c) => (c === '0' ? '1' : '0')),
      '',
      'x.y.z',
      'a'.repeat(3000),
    ])
      assert.equal(await get(bound), '{}', bound)
  })

  it('has seconds of grace after the registration', async (t) => {
    const clock = stopClock(t)
    const { browser } = await visit(t)
    await browser.login()
    const early = browser.client.twin()
    t.after(() => early.stop())
    await browser.register()
    clock.advance(9 * SECOND)
    assert.equal((await early.get('/')).body, '{"user":"ann"}')
    clock.advance(2 * SECOND)
    assert.equal((await early.get('/')).body, '{}')
  })

  it('loses nothing by a request that has no proof and writes', async (t) => {
    const clock = stopClock(t)
    const { browser } = await visit(t, { saveUninitialized: true })
    await browser.loginAndRegister()
    clock.advance(11 * MINUTE)
    for (const path of ['/put', '/']) assert.deepEqual((await browser.client.get(path)).setCookies, [])
    await browser.refresh()
    assert.equal((await browser.client.get('/')).body, '{"user":"ann"}')
  })

  it('gives way to a new login where the key is lost', async (t) => {
    const clock = stopClock(t)
    const { browser } = await visit(t)
    await browser.loginAndRegister()
    clock.advance(11 * MINUTE)
    await browser.loginAndRegister()
    assert.equal((await browser.client.get('/')).body, '{"user":"ann"}')
    assert.equal((await browser.client.get('/bound')).body, 'true')
  })

  it('keeps its binding under a new id, and is asked for no other key', async (t) => {
    const clock = stopClock(t)
    const { browser } = await visit(t)
    await browser.loginAndRegister()
    clock.advance(MINUTE)
    const answer = await browser.client.get('/renew')
    assert.equal(answer.headers['secure-session-registration'], undefined)
    assert.equal((await browser.client.get('/bound')).body, 'true')
    const stolen = `connect.sid=${browser.client.cookie()}`
    assert.equal((await browser.client.get('/', { cookie: stolen })).body, '{}')
    clock.advance(10 * MINUTE)
    assert.equal((await browser.refresh()).status, 200)
    assert.equal((await browser.client.get('/')).body, '{"user":"ann"}')
  })

  it('ends with a logout: cookies are cleared, and the next refresh ends the browser’s part', async (t) => {
    const { browser } = await visit(t)
    await browser.loginAndRegister()
    const stolen = browser.client.jar.header('/', true) as string
    const answer = await browser.client.get('/logout')
    assert.equal(answer.setCookies.length, 2)
    assert.equal(browser.client.cookie(), undefined)
    assert.equal(browser.client.cookie(BOUND_COOKIE), undefined)
    assert.equal((await browser.ask()).status, 410)
    assert.equal((await browser.ask({ cookie: stolen })).status, 410)
  })

  it('keeps its binding through what handlers do to the cookie', async (t) => {
    const clock = stopClock(t)
    const served = await serveBound(
      t,
      {},
      {
        '/remember': (req, res) => {
          req.session.cookie.maxAge = 30 * 24 * 60 * MINUTE
          res.end()
        },
        '/replace': (req, res) => {
          req.session.cookie = { path: '/', maxAge: 24 * 60 * MINUTE }
          res.end()
        },
      },
    )
    const browser = await new BoundBrowser(served.client()).loginAndRegister()
    clock.advance(MINUTE)
    for (const path of ['/remember', '/replace', '/put']) {
      await browser.client.get(path)
      const stolen = `connect.sid=${browser.client.cookie()}`
      assert.equal((await browser.client.get('/', { cookie: stolen })).body, '{}', path)
      assert.match((await browser.client.get('/')).body, /ann/)
    }
  })

  it('lets an application have data named bound', async (t) => {
    const served = await serveBound(t)
    const client = served.client()
    await client.get('/put?key=bound')
    assert.equal((await client.get('/')).body, '{"bound":1}')
    assert.equal((await client.get('/bound')).body, '1')
  })
})

describe('events', () => {
  it('tell of bindings, refusals and browsers that skip', async (t) => {
    const clock = stopClock(t)
    const told: unknown[] = []
    const middleware = sojourn.session({
      ...{ secret: 'keyboard cat', resave: false, saveUninitialized: false, deviceBound: true },
    })
    for (const name of ['bound', 'refused', 'skipped'])
      middleware.events.on(name, ({ because }: { because: string }) => told.push([name, because]))
    const app = routes({
      '/login': async (req, res) => {
        await req.session.regenerate()
        req.session.user = 'ann'
        res.end()
      },
      '/': (_req, res) => res.end(),
    })
    const served = await serve(t, appOf('express 5', [middleware, app]), { https: true })
    const browser = await new BoundBrowser(served.client()).loginAndRegister()
    await browser.refresh()
    clock.advance(11 * MINUTE)
    const skipped = `quota_exceeded;session_identifier="${browser.identifier}"`
    await browser.client.get('/', { headers: { 'secure-session-skipped': skipped } })
    await browser.ask()
    await browser.prove({ signature: Buffer.alloc(64).toString('base64url') })
    assert.deepEqual(told, [
      ['bound', 'registered'],
      ['bound', 'refreshed'],
      ['skipped', 'quota_exceeded'],
      ['refused', 'unbound'],
      ['refused', 'proof'],
    ])
  })
})

overOurStores('a bound session', (place) => {
  it('is the same in two processes, hashed and sealed, and shown by sessionsOf', async (t) => {
    const clock = stopClock(t, Date.now())
    const where = place(t)
    const seal = sojourn.session.seal({ keys: ['k'.repeat(32)] })
    const owner = (session: { user?: string }) => session.user
    const open = () => where.open({ hashIds: true, seal, owner: owner as never })
    const [a, b] = [open(), open()]
    const first = await serveBound(t, { store: a })
    const second = await serveBound(t, { store: b })
    const browser = await new BoundBrowser(first.client()).loginAndRegister()
    const elsewhere = new BoundBrowser(second.client(), browser.device)
    elsewhere.client.jar.copyFrom(browser.client.jar)
    elsewhere.identifier = browser.identifier
    clock.advance(MINUTE)
    assert.equal((await elsewhere.client.get('/bound')).body, 'true')
    await Promise.all(['x', 'y', 'z'].map((key) => elsewhere.client.get(`/put?key=${key}`)))
    assert.equal((await elsewhere.refresh()).status, 200)
    assert.equal((await browser.client.get('/bound')).body, 'true')
    const [listed] = await a.sessionsOf('ann')
    assert.equal(listed?.bound, true)
    assert.deepEqual(listed?.data, { user: 'ann', x: 1, y: 1, z: 1 })
  })

  it('takes the first key of two that are registered at once, and each challenge once', async (t) => {
    const where = place(t)
    const served = await Promise.all([1, 2].map(() => serveBound(t, { store: where.open() })))
    const [first, second] = served as [(typeof served)[0], (typeof served)[0]]
    const browser = new BoundBrowser(first.client())
    await browser.login()
    const thief = new BoundBrowser(second.client())
    thief.client.jar.copyFrom(browser.client.jar)
    thief.challenge = browser.challenge
    const answers = await Promise.all([browser.register(), thief.register()])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    const winner = answers[0]?.status === 200 ? browser : thief
    await winner.ask()
    const headers = {
      'sec-secure-session-id': winner.identifier,
      'secure-session-response': winner.device.proves(winner.challenge),
    }
    const cookie = winner.client.jar.header('/', true) as string
    const clients = [first.client(), second.client(), first.client()]
    const proved = await Promise.all(clients.map((client) => client.post(REFRESH, '', { headers, cookie })))
    assert.deepEqual(proved.map(({ status }) => status).sort(), [200, 403, 403])
  })
})
