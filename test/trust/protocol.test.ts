/** Nothing is accepted at the two endpoints but what the protocol has: each case is right in all but one thing. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { BOUND_COOKIE, BoundBrowser, REFRESH, REGISTER, serveBound } from '../support/bound-app'
import type { Answer, SendOptions } from '../support/client'
import { stopClock } from '../support/clock'
import { Device, type Odd } from '../support/device'
import { sojourn } from '../support/kits'
import { serveWith } from '../support/session-app'

const MINUTE = 60_000
const LATER = 11 * MINUTE

async function loggedIn(t: TestContext, options: object = {}) {
  const clock = stopClock(t)
  const served = await serveBound(t, options)
  const browser = new BoundBrowser(served.client())
  await browser.login()
  return { clock, served, browser }
}

async function bound(t: TestContext, options: object = {}) {
  const all = await loggedIn(t, options)
  await all.browser.register()
  all.clock.advance(LATER)
  await all.browser.ask()
  return all
}

async function isNotBound(browser: BoundBrowser, answer: Answer, status: number): Promise<void> {
  assert.equal(answer.status, status)
  assert.deepEqual(answer.setCookies, [])
  assert.equal((await browser.client.get('/bound')).body, 'false')
  // And what is right is still taken.
  assert.equal((await browser.register()).status, 200)
}

async function isNotRefreshed(browser: BoundBrowser, answer: Answer, status: number): Promise<void> {
  assert.equal(answer.status, status)
  assert.deepEqual(answer.setCookies, [])
  assert.equal((await browser.client.get('/')).body, '{}')
  assert.equal((await browser.refresh()).status, 200)
  assert.equal((await browser.client.get('/')).body, '{"user":"ann"}')
}

const WRONG_TOKENS: ReadonlyArray<readonly [title: string, odd: Odd]> = [
  ['of algorithm none', { header: { alg: 'none' }, signature: '' }],
  ['of another type', { header: { typ: 'JWT' } }],
  ['without a type', { header: { typ: undefined } }],
  ['without a challenge', { payload: { jti: undefined } }],
  ['signed by nobody', { signature: Buffer.alloc(64).toString('base64url') }],
  ['signed by another key', { header: {}, signature: new Device().proves('x').split('.')[2] as string }],
  ['for another algorithm', { header: { alg: 'RS256' } }],
]

const WRONG_REQUESTS: ReadonlyArray<readonly [title: string, options: SendOptions, status: number]> = [
  ['from another site, as the browser says', { headers: { 'sec-fetch-site': 'cross-site' } }, 400],
  ['from another origin', { headers: { origin: 'https://evil.test' } }, 400],
  ['from an opaque origin', { headers: { origin: 'null' } }, 400],
  ['by GET', { method: 'GET' }, 405],
  ['by PUT', { method: 'PUT' }, 405],
]

describe('a registration is refused', () => {
  for (const [title, odd] of WRONG_TOKENS) {
    it(`with a token ${title}`, async (t) => {
      const { browser } = await loggedIn(t)
      await isNotBound(browser, await browser.register(odd), 400)
    })
  }
  for (const [title, options, status] of WRONG_REQUESTS) {
    it(`${title}`, async (t) => {
      const { browser } = await loggedIn(t)
      await isNotBound(browser, await browser.register({}, options), status)
    })
  }
  for (const [title, value] of [
    ['absent', undefined],
    ['empty', ''],
    ['half a token', 'a.b'],
    ['a list', '"a.b.c", "a.b.c"'],
    ['an open quote', '"a.b.c'],
    ['huge', 'a'.repeat(12_000)],
  ] as const) {
    it(`with a response that is ${title}`, async (t) => {
      const { browser } = await loggedIn(t)
      const headers = value === undefined ? {} : { 'secure-session-response': value }
      await isNotBound(browser, await browser.post(REGISTER, headers), 400)
    })
  }

  it('with a challenge of another session, a made-up one, one that is too old, or one for a refresh', async (t) => {
    const { browser, served, clock } = await loggedIn(t)
    const other = new BoundBrowser(served.client())
    await other.login()
    const right = browser.challenge
    for (const challenge of [other.challenge, `${right}A`, `1${right}`, 'c1', right.toUpperCase()]) {
      browser.challenge = challenge
      assert.equal((await browser.register()).status, 400)
    }
    await other.register()
    await other.ask()
    browser.challenge = other.challenge
    assert.equal((await browser.register()).status, 400)
    browser.challenge = right
    clock.advance(15 * MINUTE)
    assert.equal((await browser.register()).status, 400)
    assert.equal((await browser.client.get('/bound')).body, 'false')
  })

  it('without a session, and makes none', async (t) => {
    const { browser } = await loggedIn(t, { saveUninitialized: true })
    for (const cookie of [null, 'connect.sid=s%3Aunknown.x']) {
      const answer = await browser.register({}, { cookie })
      assert.equal(answer.status, 401)
      assert.deepEqual(answer.setCookies, [])
    }
  })

  it('when the session is bound already, by whatever key', async (t) => {
    const { browser, served } = await loggedIn(t)
    const thief = new BoundBrowser(served.client())
    thief.client.jar.copyFrom(browser.client.jar)
    thief.challenge = browser.challenge
    await browser.register()
    for (const one of [thief, browser]) assert.equal((await one.register()).status, 409)
    assert.equal((await browser.refresh()).status, 200)
  })

  it('over plain http, where no login asks for one', async (t) => {
    const served = await serveWith(sojourn, t, { deviceBound: true }, async (req, res) => {
      await req.session.regenerate()
      req.session.user = 'ann'
      res.end()
    })
    const client = served.client()
    const answer = await client.get('/login')
    assert.equal(answer.headers['secure-session-registration'], undefined)
    assert.equal((await client.post(REGISTER)).status, 400)
  })
})

describe('a refresh is refused', () => {
  for (const [title, odd] of [
    ...WRONG_TOKENS,
    ['with a key', { header: { jwk: new Device().jwk } }] as const,
  ]) {
    it(`with a token ${title}`, async (t) => {
      const { browser } = await bound(t)
      await isNotRefreshed(browser, await browser.prove(odd), 400)
    })
  }
  for (const [title, options, status] of WRONG_REQUESTS) {
    it(`${title}`, async (t) => {
      const { browser } = await bound(t)
      await isNotRefreshed(browser, await browser.prove({}, options), status)
    })
  }

  it('by another device', async (t) => {
    const { browser } = await bound(t)
    const token = new Device().proves(browser.challenge)
    await isNotRefreshed(
      browser,
      await browser.prove({}, { headers: { 'secure-session-response': token } }),
      400,
    )
  })

  it('without the identifier, with two, or with that of another session', async (t) => {
    const { browser, served } = await bound(t)
    const other = await new BoundBrowser(served.client()).loginAndRegister()
    const response = browser.device.proves(browser.challenge)
    for (const [id, status] of [
      [undefined, 400],
      ['', 400],
      [`${browser.identifier}, ${browser.identifier}`, 400],
      [`"${browser.identifier}`, 400],
      [other.identifier, 410],
      ['unknown', 410],
      ['constructor', 410],
    ] as const) {
      const headers = {
        'secure-session-response': response,
        ...(id === undefined ? {} : { 'sec-secure-session-id': id }),
      }
      const answer = await browser.post(REFRESH, headers)
      assert.equal(answer.status, status, String(id))
      assert.deepEqual(answer.setCookies, [])
    }
    assert.equal((await browser.prove()).status, 200)
  })

  it('with a challenge that was used, and hands out another', async (t) => {
    const { browser, clock } = await bound(t)
    const used = browser.challenge
    assert.equal((await browser.prove()).status, 200)
    for (let i = 0; i < 3; i++) {
      clock.advance(1)
      browser.challenge = used
      const answer = await browser.prove()
      assert.equal(answer.status, 403)
      assert.deepEqual(answer.setCookies, [])
      assert.notEqual(browser.challenge, used)
      assert.equal((await browser.prove()).status, 200)
    }
  })

  it('with a challenge of another session, of a registration, made up, or too old', async (t) => {
    const { browser, served, clock } = await loggedIn(t)
    const registration = browser.challenge
    await browser.register()
    const other = await new BoundBrowser(served.client()).loginAndRegister()
    await Promise.all([browser.ask(), other.ask()])
    const right = browser.challenge
    for (const challenge of [registration, other.challenge, `${right}A`, 'c1', '']) {
      browser.challenge = challenge
      const answer = await browser.prove()
      assert.equal(answer.status, 403, challenge)
      assert.deepEqual(answer.setCookies, [])
    }
    clock.advance(15 * MINUTE)
    browser.challenge = right
    assert.equal((await browser.prove()).status, 403)
  })

  it('without a session', async (t) => {
    const { browser } = await bound(t)
    assert.equal((await browser.prove({}, { cookie: null })).status, 410)
  })
})

describe('a refresh', () => {
  it('takes quoted and bare headers', async (t) => {
    const { browser } = await bound(t)
    const headers = {
      'sec-secure-session-id': `"${browser.identifier}"`,
      'secure-session-response': `"${browser.device.proves(browser.challenge)}"`,
    }
    assert.equal((await browser.post(REFRESH, headers)).status, 200)
  })

  it('takes the challenge before the last one, too, and one that came with the last answer', async (t) => {
    const { browser, clock } = await bound(t)
    const before = browser.challenge
    clock.advance(1)
    await browser.ask()
    const last = browser.challenge
    browser.challenge = before
    assert.equal((await browser.prove()).status, 200)
    const given = browser.challenge
    clock.advance(1)
    browser.challenge = last
    assert.equal((await browser.prove()).status, 200)
    // A challenge lives longer than the cookie.
    clock.advance(10 * MINUTE + 1)
    browser.challenge = given
    assert.equal((await browser.prove()).status, 200)
  })

  it('gives another cookie and another challenge each time', async (t) => {
    const { browser, clock } = await bound(t)
    const seen = new Set<unknown>()
    for (let i = 1; i <= 3; i++) {
      clock.advance(1)
      assert.equal((await browser.prove()).status, 200)
      seen.add(browser.client.cookie(BOUND_COOKIE)).add(browser.challenge)
      assert.equal(seen.size, 2 * i)
    }
  })

  it('is answered again after a restart and a new secret', async (t) => {
    const clock = stopClock(t)
    const store = new sojourn.session.MemoryStore()
    const before = await serveBound(t, { store, secret: 'the old secret of sixteen' })
    const after = await serveBound(t, {
      store,
      secret: ['a new secret of sixteen', 'the old secret of sixteen'],
    })
    const first = await new BoundBrowser(before.client()).loginAndRegister()
    await first.ask()
    const second = new BoundBrowser(after.client(), first.device)
    second.client.jar.copyFrom(first.client.jar)
    second.identifier = first.identifier
    second.challenge = first.challenge
    clock.advance(MINUTE)
    assert.equal((await second.client.get('/bound')).body, 'true')
    assert.equal((await second.prove()).status, 200)
  })
})
