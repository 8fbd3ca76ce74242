import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { afterEach, describe, it } from 'node:test'
import connect from 'connect'
import express from 'express'
import { forgetWarnings } from '../../../lib/base/warnings'
import { generateId, getMiddleware, Session, SessionStorage, SessionStoreMemory } from '../../../lib/storage'

const SECRET = 'a secret of enough characters'

interface Answer {
  status: number
  body: string
  cookie: string | undefined
  headers: Record<string, string | string[] | undefined>
}

type Handler = (req: any, res: any) => void
const closers: Array<() => void> = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function serve(
  handler: (req: any, res: any) => void,
): Promise<(path?: string, cookie?: string) => Promise<Answer>> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  closers.push(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return async (path = '/', cookie) => {
    const headers = cookie === undefined ? {} : { cookie }
    const req = httpRequest({ port, path, headers, agent: false }).end()
    const [res] = await once(req, 'response')
    let body = ''
    for await (const chunk of res) body += chunk
    const line: string | undefined = res.headers['set-cookie']?.[0]
    return { status: res.statusCode, body, cookie: line?.split(';')[0], headers: res.headers }
  }
}

class SlowStore extends SessionStoreMemory {
  override async update(...args: Parameters<SessionStoreMemory['update']>) {
    await new Promise((resolve) => setTimeout(resolve, 30))
    return super.update(...args)
  }
}

class FailingStore extends SessionStoreMemory {
  override async update() {
    throw new Error('the disk is full')
  }
}

const count: Handler = (req, res) => {
  if (req.url === '/read') return res.end(String(req.session.get('views')))
  req.session.set('views', (req.session.get('views') ?? 0) + 1)
  res.end(String(req.session.get('views')))
}

function errorPage(_error: unknown, _req: unknown, res: any, _next: unknown): void {
  res.statusCode = 500
  res.end('sorry')
}

const kits: Record<string, (middleware: any, handler: Handler) => (req: any, res: any) => void> = {
  Express: (middleware, handler) => express().use(middleware).use(handler).use(errorPage),
  Connect: (middleware, handler) => connect().use(middleware).use(handler).use(errorPage),
  'node:http': (middleware, handler) => (req, res) => {
    middleware(req, res).then(() => handler(req, res))
  },
}

for (const [kit, build] of Object.entries(kits)) {
  describe(`Session.getMiddleware on ${kit}`, () => {
    it('knows a visitor again', async () => {
      const ask = await serve(build(Session.getMiddleware({ secret: SECRET }), count))
      const first = await ask()
      assert.match(first.cookie ?? '', /^session=s%3A[0-9a-f]{40}\./)
      assert.match(String(first.headers['set-cookie']), /; Path=\/; HttpOnly; SameSite=Lax$/)
      const second = await ask('/', first.cookie)
      assert.deepEqual([first.body, second.body], ['1', '2'])
      assert.equal(second.cookie, undefined)
    })

    it('keeps nothing and sends no cookie for a visitor who only looks', async () => {
      const ask = await serve(build(Session.getMiddleware({ secret: SECRET }), count))
      assert.deepEqual([(await ask('/read')).body, (await ask('/read')).cookie], ['undefined', undefined])
    })

    it('answers when the session is saved, not before', async () => {
      const store = new SlowStore({ pruneFrequency: 0 })
      const handler: Handler = (req, res) => {
        if (req.url === '/read') return count(req, res)
        req.session.set('views', 7)
        res.writeHead(302, { Location: '/read' })
        res.end()
      }
      const ask = await serve(build(Session.getMiddleware({ secret: SECRET, store }), handler))
      const moved = await ask()
      assert.equal(moved.status, 302)
      assert.equal((await ask('/read', moved.cookie)).body, '7')
    })

    it('a save that fails is no success', async () => {
      forgetWarnings()
      const store = new FailingStore({ pruneFrequency: 0 })
      const ask = await serve(build(Session.getMiddleware({ secret: SECRET, store }), count))
      const answer = await ask()
      assert.equal(answer.status, 500)
      assert.equal(answer.cookie, undefined)
    })
  })
}

describe('the id of a session', () => {
  const options = { secret: SECRET, store: new SessionStoreMemory({ pruneFrequency: 0 }), name: 'id' }
  const start = () => serve(kits['Connect']!(getMiddleware(options), count))

  it('is not taken from a cookie that is forged, unsigned, of another secret or of another day', async () => {
    const ask = await start()
    const good = (await ask()).cookie ?? ''
    const other = await serve(
      kits['Connect']!(getMiddleware({ ...options, secret: `other ${SECRET}` }), count),
    )
    const id = /s%3A([0-9a-f]{40})/.exec(good)?.[1]
    const stale = (await other()).cookie ?? ''
    for (const bad of [
      `id=${id}`,
      `id=s%3A${id}.x`,
      good.replace(/..$/, 'xx'),
      stale,
      'id=s%3Amine.',
      'id=',
    ]) {
      const answer = await ask('/', bad)
      assert.equal(answer.body, '1', bad)
      assert.ok(!answer.cookie?.includes(String(id)))
    }
    assert.equal((await ask('/', `id=bad; ${good}`)).body, '2', 'a bad one in front hides nothing')
  })

  it('is signed by us but not in the store: a new one is drawn', async () => {
    const ask = await start()
    const gone = await serve(
      kits['Connect']!(getMiddleware({ ...options, store: new SessionStoreMemory() }), count),
    )
    const elsewhere = (await gone()).cookie ?? ''
    const answer = await ask('/', elsewhere)
    assert.equal(answer.body, '1')
    assert.notEqual(answer.cookie, elsewhere)
  })

  it('has 160 random bits in 40 hexadecimal digits, whatever is given', () => {
    const ids = new Set(Array.from({ length: 1000 }, () => Session.generateId('127.0.0.1', 'Mozilla')))
    assert.equal(ids.size, 1000)
    for (const id of ids) assert.match(id, /^[0-9a-f]{40}$/)
    assert.equal(generateId().length, 40)
  })
})

describe('Session', () => {
  it('does for one request what the middleware does', async () => {
    const store = new SessionStoreMemory({ pruneFrequency: 0 })
    const ask = await serve(async (req, res) => {
      await Session.request(req, res, { name: 'sid', store, secret: SECRET })
      count(req, res)
    })
    const first = await ask()
    assert.match(first.cookie ?? '', /^sid=/)
    assert.equal((await ask('/', first.cookie)).body, '2')
  })

  it('works without a secret, within one process, and warns', async () => {
    forgetWarnings()
    const warned = once(process, 'warning')
    const ask = await serve(async (req, res) => {
      await Session.request(req, res)
      count(req, res)
    })
    const first = await ask()
    assert.equal((await ask('/', first.cookie)).body, '2')
    assert.equal((await warned)[0].code, 'SOJOURN_SECRET')
  })

  it('keeps what is set after the headers have left, too', async () => {
    const store = new SessionStoreMemory({ pruneFrequency: 0 })
    const ask = await serve(
      kits['Connect']!(getMiddleware({ secret: SECRET, store }), (req, res) => {
        if (req.url === '/read') return count(req, res)
        req.session.set('views', 1)
        res.write('first')
        req.session.set('views', 2)
        res.end('second')
      }),
    )
    const { cookie, body } = await ask()
    assert.equal(body, 'firstsecond')
    assert.equal((await ask('/read', cookie)).body, '2')
  })

  it('set is chainable, get knows only what was set', async () => {
    const session = new Session('sid', new SessionStoreMemory({ pruneFrequency: 0 }))
    assert.equal(session.set('a', 1).set('b', 2), session)
    assert.deepEqual(
      [session.get('a'), session.get('toString'), session.get('__proto__')],
      [1, undefined, undefined],
    )
    session.set('__proto__', { polluted: true })
    await session.save()
    const again = await new Session('sid', session.store).restore()
    assert.deepEqual(again.get('__proto__'), { polluted: true })
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  })

  it('saves changes inside a value that was got, and goes on after a save', async () => {
    const store = new SessionStoreMemory({ pruneFrequency: 0 })
    await new Session('sid', store).set('cart', ['a']).save()
    const session = await new Session('sid', store).restore()
    const cart = session.get('cart') as string[]
    cart.push('b')
    await new Session('sid', store).set('other', 1).save()
    await session.save()
    assert.equal(session.get('other'), 1)
    assert.equal(session.changed, false)
    cart.push('c')
    assert.equal(session.changed, true)
    await session.save()
    assert.deepEqual((await new Session('sid', store).restore()).get('cart'), ['a', 'b', 'c'])
  })

  it('does not lose what is set while a save is under way', async () => {
    const store = new SlowStore({ pruneFrequency: 0 })
    const session = new Session('sid', store).set('a', 1)
    const saving = session.save()
    session.set('a', 2)
    await saving
    assert.equal(session.get('a'), 2)
    assert.equal(session.changed, true)
    await session.save()
    assert.equal((await new Session('sid', store).restore()).get('a'), 2)
  })

  it('that was emptied counts as ended', async () => {
    const store = new SessionStoreMemory({ pruneFrequency: 0 })
    await new Session('sid', store).set('user', 1).save()
    const open = await new Session('sid', store).restore()
    await (await new Session('sid', store).restore()).set('user', undefined).save()
    assert.equal((await new Session('sid', store).restore()).stored, false)
    await assert.rejects(open.set('more', 1).save(), { code: 'ERR_SESSION_GONE' })
  })

  it('names the key that cannot be kept, never the id', async () => {
    const session = new Session('secret-id', new SessionStoreMemory({ pruneFrequency: 0 }))
    session.set('fine', 1).set('big', 1n)
    await assert.rejects(session.save(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_SESSION_UNSERIALIZABLE')
      assert.match(error.message, /"big"/)
      assert.ok(!error.message.includes('secret-id'))
      return true
    })
  })

  it('is made with two arguments, or with the five of Kado 4.3', async () => {
    const store = new SessionStoreMemory({ pruneFrequency: 0 })
    const theirs = new Session('sid', '127.0.0.1', 'Mozilla', 7, store)
    assert.deepEqual([theirs.ip, theirs.agent, theirs.uid, theirs.store], ['127.0.0.1', 'Mozilla', 7, store])
    await theirs.set('user', 1).save()
    const ours = await new Session('sid', store).restore()
    assert.deepEqual([ours.get('user'), ours.ip, ours.store], [1, undefined, store])
    assert.throws(() => new Session('sid', '127.0.0.1', 'Mozilla', 7, {} as never), {
      code: 'ERR_SESSION_OPTION',
    })
  })

  it('refuses what is no id and no store', () => {
    const store = new SessionStoreMemory({ pruneFrequency: 0 })
    for (const sid of ['', 'with space', 'x'.repeat(513), 7, undefined]) {
      assert.throws(() => new Session(sid as string, store), { code: 'ERR_SESSION_OPTION' })
    }
    assert.throws(() => new Session('sid', {} as never), { code: 'ERR_SESSION_OPTION' })
    for (const options of [{ name: 'a b' }, { secret: 'short' }, { secret: [] }, { store: {} }, 7]) {
      assert.throws(() => getMiddleware(options as never), { name: 'TypeError', code: 'ERR_SESSION_OPTION' })
    }
  })

  it('has its neighbours on it, as its page uses them', () => {
    assert.equal(Session.SessionStorage, SessionStorage)
    assert.ok(new Session.SessionStoreMemory({ pruneFrequency: 0 }) instanceof Session.SessionStore)
  })
})
