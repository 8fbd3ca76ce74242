/** What is taken as express-session takes it, and told when the middleware is made: it is hardly what was meant. */
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { partOf } from '../support/kits'
import { warningsOf } from '../support/warnings'
import { ours, session } from './ours'

const base = { secret: 'a secret that is long enough', resave: false, saveUninitialized: false }

async function messages(...options: object[]): Promise<string[]> {
  const heard = await warningsOf(() => {
    for (const one of options) session({ ...base, ...one })
  })
  return heard.map(({ code, message }) => `${code} ${message}`)
}

describe('an unknown option is a warning and has no effect', () => {
  const MEANT: ReadonlyArray<[options: object, message: RegExp]> = [
    [{ saveUninitialised: false }, /unknown option saveUninitialised: .*; did you mean saveUninitialized\?/],
    [{ Resave: false }, /unknown option Resave: .*; did you mean resave\?/],
    [{ stroe: 1 }, /unknown option stroe: .*; did you mean store\?/],
    [{ idle_timeout: 1 }, /unknown option idle_timeout: .*; did you mean idleTimeout\?/],
    [{ maxage: 5 }, /unknown option maxage: .*; did you mean cookie\.maxAge\?/],
    [{ httpOnly: true }, /unknown option httpOnly: .*; did you mean cookie\.httpOnly\?/],
    [{ wibble: 1 }, /unknown option wibble: it has no effect; see the list of options$/],
    [{ cookie: { samesite: 'lax' } }, /unknown option cookie\.samesite: .*; did you mean cookie\.sameSite\?/],
    [{ cookie: { maxage: 5 } }, /unknown option cookie\.maxage: .*; did you mean cookie\.maxAge\?/],
    [
      { cookie: { 'http-only': true } },
      /unknown option cookie\.http-only: .*; did you mean cookie\.httpOnly\?/,
    ],
    [{ 'a\nb': 1 }, /unknown option "a\\nb": it has no effect/],
  ]
  for (const [options, message] of MEANT) {
    it(JSON.stringify(options), async () => {
      const [first = '', ...more] = await messages(options)
      assert.match(first, /^SOJOURN_UNKNOWN_OPTION /)
      assert.match(first, message)
      assert.deepEqual(more, [])
    })
  }

  it('is told of each middleware that has another one, and once of the same', async () => {
    const heard = await messages(
      { maxage: 5 },
      { Store: 1 },
      { maxage: 6 },
      { maxage: 7, cookie: { Path: '/' } },
    )
    assert.deepEqual(
      heard.map((message) => /option ([\w.]+)/.exec(message)?.[1]),
      ['maxage', 'Store', 'cookie.Path'],
    )
  })

  it('is told a hundred times at most', async () => {
    const many = Array.from({ length: 150 }, (_, i) => ({ [`option${i}x`]: 1 }))
    assert.equal((await messages(...many)).length, 100)
  })

  it('of what a function of the request returns too', async (t) => {
    const heard = await warningsOf(async () => {
      const { client } = await ours(t, { ...base, cookie: () => ({ samesite: 'lax' }) })
      await client.get('/put')
      await client.get('/put?a=1')
    })
    assert.deepEqual(
      heard.map(({ message }) => message),
      ['unknown option cookie.samesite: it has no effect; did you mean cookie.sameSite?'],
    )
  })

  it('of MemoryStore and of the engine', async () => {
    const { SessionEngine } = partOf('engine')
    const heard = await warningsOf(() => {
      new session.MemoryStore({ Max: 5, TTL: 5 }).close()
      new SessionEngine({ durations: 5, cookie: { secret: 'a secret that is long enough', samesite: 'lax' } })
    })
    assert.deepEqual(
      heard.map(({ message }) => message.replace('it has no effect; did you mean ', '')),
      [
        'unknown option Max: max?',
        'unknown option TTL: ttl?',
        'unknown option durations: duration?',
        'unknown option cookie.samesite: cookie.sameSite?',
      ],
    )
  })

  it('of the other stores it stays an error, which says what was meant', () => {
    const { LmdbStore } = partOf('store/lmdb')
    assert.throws(() => new LmdbStore({ path: '/nowhere', maxreaders: 5 }), {
      code: 'ERR_SESSION_OPTION',
      message: /LmdbStore has no maxreaders; did you mean maxReaders\?$/,
    })
  })

  it('all options that there are draw no word', async () => {
    const cookie = {
      path: '/',
      domain: 'a.org',
      httpOnly: true,
      secure: true,
      sameSite: 'lax',
      priority: 'low',
    }
    const more = { partitioned: true, maxAge: 5, expires: undefined, signed: true, encode: String }
    assert.deepEqual(
      await messages({ cookie: { ...cookie, ...more } }, { key: 'a', unset: 'keep', proxy: true }),
      [],
    )
    assert.deepEqual(await messages({ cookie: { ...new session.Cookie({ maxAge: 5 }) } }), [])
  })
})

describe('secrets', () => {
  it('an undefined one is told at once, and stays that of cookie-parser', async (t) => {
    const [first, ...more] = await messages({ secret: undefined })
    assert.match(
      first ?? '',
      /^SOJOURN_SECRET_UNDEFINED option secret is undefined \(a variable that is not set\?\)/,
    )
    assert.deepEqual(more, [])
    const before = (req: any, _res: any, next: () => void) => {
      req.secret = 'of cookie-parser'
      next()
    }
    const { client } = await ours(t, { secret: undefined }, {}, { before: [before] })
    await client.get('/put?user=ann')
    assert.equal((await client.get('/')).body, '{"user":"ann"}')
  })

  it('one that is left out draws no word', async () => {
    const { secret: _, ...without } = base
    assert.deepEqual(await warningsOf(() => session(without)), [])
  })

  it('short ones are told, wherever they stand, and never shown', async () => {
    for (const secret of [
      'x',
      ['a secret that is long enough', 'hidden'],
      Buffer.alloc(15),
      createSecretKey(Buffer.alloc(8)),
    ]) {
      const [first = '', ...more] = await messages({ secret })
      assert.match(first, /^SOJOURN_SECRET_SHORT option secret has fewer than 16 bytes/)
      assert.doesNotMatch(first, /hidden/)
      assert.deepEqual(more, [])
    }
    assert.deepEqual(await messages({ secret: 'x'.repeat(16) }), [])
    assert.deepEqual(await messages({ secret: createSecretKey(Buffer.alloc(32)) }), [])
  })
})

describe('numbers and null for true and false', () => {
  it('count as in express-session, with a word', async () => {
    assert.deepEqual(await messages({ resave: 0, rolling: 1, saveUninitialized: null, proxy: 1 }), [
      'SOJOURN_OPTION_TYPE option proxy: expected true or false; 1 counts as undefined',
      'SOJOURN_OPTION_TYPE option resave: expected true or false; 0 counts as false',
      'SOJOURN_OPTION_TYPE option rolling: expected true or false; 1 counts as true',
      'SOJOURN_OPTION_TYPE option saveUninitialized: expected true or false; null counts as false',
    ])
  })

  it('a number for proxy believes no header', async (t) => {
    const { client } = await ours(t, { proxy: 1, cookie: { secure: true } })
    const { setCookies } = await client.get('/put', { headers: { 'x-forwarded-proto': 'https' } })
    assert.deepEqual(setCookies, [])
  })
})

describe('what is no call of the middleware is ERR_SESSION_USAGE', () => {
  it('app.use(session): call it', async (t) => {
    for (const kind of ['express 4', 'express 5', 'connect'] as const) {
      const { client } = await ours(t, base, {}, { kind, before: [session] })
      const { status, body } = await client.get('/')
      assert.equal(status, 500)
      assert.match(body, /ERR_SESSION_USAGE .*call it: session\(\{/)
    }
    assert.throws(() => session(new Request('http://localhost/')), { code: 'ERR_SESSION_USAGE' })
  })

  it('a fetch Request', () => {
    const sessions = session(base)
    const request = new Request('http://localhost/')
    assert.throws(() => sessions(request), {
      name: 'SessionError',
      code: 'ERR_SESSION_USAGE',
      message: /Request/,
    })
    assert.throws(() => sessions({ req: request }, () => {}), { code: 'ERR_SESSION_USAGE' })
    const told: any[] = []
    sessions(request, {}, (error: unknown) => told.push(error))
    assert.deepEqual(
      told.map(({ code }) => code),
      ['ERR_SESSION_USAGE'],
    )
  })
})
