import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import * as sojourn from '../../lib/index'
import { Session, SessionStoreMemory } from '../../lib/storage/index'
import { openFlights, PlainStore, SlowStore, turn, until } from './support/apps'
import { OPTIONS } from './support/modes'

/** As engine.io 6 passes one for a WebSocket handshake: `writeHead()` comes bare, and no end. */
class HandshakeResponse {
  readonly headers: Record<string, unknown> = {}
  destroyed = 0
  setHeader(name: string, value: unknown): void {
    this.headers[name] = value
  }
  getHeader(name: string): unknown {
    return this.headers[name]
  }
  removeHeader(name: string): void {
    delete this.headers[name]
  }
  write(): void {}
  writeHead(): void {}
  end(): void {
    this.destroyed++
  }
}

/** ... and as its later versions do, which tell of the close of the socket. */
class EmittingHandshakeResponse extends EventEmitter {
  readonly headers: Record<string, unknown> = {}
  destroyed = 0
  setHeader(name: string, value: unknown): void {
    this.headers[name] = value
  }
  getHeader(name: string): unknown {
    return this.headers[name]
  }
  removeHeader(name: string): void {
    delete this.headers[name]
  }
  write(): void {}
  writeHead(): void {}
  end(): void {
    this.emit('finish')
    this.destroyed++
  }
}

const RESPONSES = { 'engine.io 6.0': HandshakeResponse, 'engine.io 6.6': EmittingHandshakeResponse }

type Handshake = { req: any; res: any; nexts: unknown[]; sessions: sojourn.SessionMiddleware }

async function handshake(
  store: unknown,
  res: any,
  cookie?: string | undefined,
  options = {},
): Promise<Handshake> {
  const req: any = { url: '/socket.io/?EIO=4&transport=websocket', headers: { upgrade: 'websocket', cookie } }
  const sessions = sojourn.session({ ...OPTIONS, store, ...options } as never)
  const nexts: unknown[] = []
  sessions(req, res, (error) => nexts.push(error))
  await until(() => nexts.length > 0)
  return { req, res, nexts, sessions }
}

const cookieOf = (res: any) => String(res.headers['Set-Cookie']).replace(/;.*/, '')

const stored = (store: any, id: string) =>
  new Promise<any>((resolve, reject) =>
    store.get(id, (error: unknown, found: unknown) => (error ? reject(error) : resolve(found))),
  )

describe('a WebSocket handshake through io.engine.use(sessions)', () => {
  for (const [version, Response] of Object.entries(RESPONSES)) {
    it(`has its cookie when writeHead() returns, however late the store answers, and is saved: ${version}`, async () => {
      const store: any = new SlowStore({})
      store.hold('set')
      const { req, res, nexts } = await handshake(store, new Response())
      req.session.user = 'mary'
      res.writeHead()
      assert.match(cookieOf(res), /^connect\.sid=s%3A/)
      await until(() => store.waiting('set') === 1)
      store.release('set')
      await until(() => store.rows.size === 1)
      assert.equal((await stored(store, req.sessionID)).user, 'mary')
      const again = await handshake(store, new Response(), cookieOf(res))
      assert.equal(again.req.session.user, 'mary')
      assert.deepEqual([nexts, res.destroyed], [[undefined], 0])
      assert.equal(Object.hasOwn(res, 'headersSent'), false)
    })

    it(`has its cookie with our stores, and without the event of a late cookie: ${version}`, async () => {
      const { req, res, sessions } = await handshake(new sojourn.MemoryStore(), new Response())
      const told: string[] = []
      for (const name of ['withheld', 'created', 'storeError'] as const) {
        sessions.events.on(name, () => told.push(name))
      }
      req.session.user = 'mary'
      res.writeHead()
      assert.match(cookieOf(res), /^connect\.sid=s%3A/)
      await turn()
      assert.deepEqual(told, ['created'])
    })

    it(`goes on where the save fails: next is called once, and the event tells: ${version}`, async () => {
      const store: any = new PlainStore()
      store.set = (_id: unknown, _session: unknown, done: (error: Error) => void) =>
        setImmediate(done, new Error('disk full'))
      const { req, res, nexts, sessions } = await handshake(store, new Response())
      const told: string[] = []
      sessions.events.on('storeError', ({ operation }) => told.push(operation))
      req.session.user = 'mary'
      res.writeHead()
      await until(() => told.length > 0)
      await turn()
      assert.deepEqual([told, nexts, res.destroyed], [['set'], [undefined], 0])
    })

    it(`goes on where the session cannot be written at all: ${version}`, async () => {
      const { req, res, nexts, sessions } = await handshake(new PlainStore(), new Response())
      const told: any[] = []
      sessions.events.on('storeError', ({ error }) => told.push((error as { code?: string }).code))
      req.session.big = 1n
      res.writeHead()
      await turn()
      assert.ok(told.includes('ERR_SESSION_UNSERIALIZABLE'))
      assert.deepEqual([nexts, res.headers], [[undefined], {}])
    })

    it(`is ended once by a middleware that refuses it, after the save: ${version}`, async () => {
      const store: any = new SlowStore({ set: 2 })
      const { req, res, nexts } = await handshake(store, new Response())
      req.session.refused = true
      res.writeHead(401)
      res.end()
      res.end()
      res.writeHead()
      await until(() => res.destroyed > 0)
      assert.equal((await stored(store, req.sessionID)).refused, true)
      await turn()
      assert.deepEqual([nexts, res.destroyed], [[undefined], 1])
    })
  }

  it('serves its socket for as long as that lives: save, reload and update, beside other requests', async () => {
    const store: any = new PlainStore()
    const { req, res } = await handshake(store, new HandshakeResponse(), undefined, {
      saveUninitialized: true,
    })
    res.writeHead()
    await until(() => store.rows.size === 1)
    const other = await handshake(store, new HandshakeResponse(), cookieOf(res))
    other.req.session.fromPage = 1
    await other.req.session.save()
    req.session.fromSocket = 1
    await req.session.save()
    await sojourn.session.update(req, (data: any) => {
      data.count = (data.count ?? 0) + 1
    })
    await other.req.session.reload()
    const { cookie: _, ...data } = other.req.session
    assert.deepEqual(data, { fromPage: 1, fromSocket: 1, count: 1 })
    await other.req.session.destroy()
    req.session.fromSocket = 2
    await assert.rejects(req.session.save(), { code: 'ERR_SESSION_GONE' })
    assert.equal(store.rows.size, 0)
    assert.equal(openFlights(store), 0)
  })

  it('keeps what the socket has changed when it closes, where the response tells of that', async () => {
    const store: any = new PlainStore()
    const { req, res } = await handshake(store, new EmittingHandshakeResponse())
    req.session.n = 1
    res.writeHead()
    await until(() => store.rows.size === 1)
    req.session.n = 2
    res.emit('close')
    await until(() => JSON.stringify([...store.rows.values()]).includes('n\\":2'))
    await until(() => openFlights(store) === 0)
  })

  it("has Kado's cookie too, and its save", async () => {
    const middleware = Session.getMiddleware({
      store: new SessionStoreMemory(),
      secret: 'at least 16 letters',
    })
    const req: any = { url: '/socket.io/', headers: {} }
    const res: any = new HandshakeResponse()
    await new Promise((resolve) => middleware(req, res, resolve))
    req.session.set('user', 'mary')
    res.writeHead()
    const again: any = { url: '/', headers: { cookie: cookieOf(res) } }
    await turn()
    await new Promise((resolve) => middleware(again, new HandshakeResponse(), resolve))
    assert.equal(again.session.get('user'), 'mary')
  })
})

describe('handshakes that never tell that they are over', () => {
  const KINDS: Record<string, (req: any) => any> = {
    'an empty object, as with ws': () => ({}),
    'a response that gets no connection': (req) => new ServerResponse(req),
    "engine.io's, after its head": () => new HandshakeResponse(),
  }
  for (const [words, responseFor] of Object.entries(KINDS)) {
    it(`leave nothing in memory, and their sessions still lose no update: ${words}`, async () => {
      const store: any = new PlainStore()
      const first = await handshake(store, new HandshakeResponse(), undefined, { saveUninitialized: true })
      first.res.writeHead()
      await until(() => store.rows.size === 1)
      const sockets: any[] = []
      for (let i = 0; i < 300; i++) {
        const req = { url: '/', method: 'GET', headers: { upgrade: 'websocket' }, httpVersionMajor: 1 }
        const { req: seen, res } = await handshake(store, responseFor(req), cookieOf(first.res))
        if (i % 2) res.writeHead?.(101)
        if (i % 30 === 0) sockets.push(seen)
      }
      await until(() => openFlights(store) === 0)
      await Promise.all(
        sockets.map((req, i) => {
          req.session[`key${i}`] = i
          return req.session.save()
        }),
      )
      await until(() => openFlights(store) === 0)
      const { cookie: _, ...data } = await stored(store, first.req.sessionID)
      assert.equal(Object.keys(data).length, sockets.length)
    })
  }
})
