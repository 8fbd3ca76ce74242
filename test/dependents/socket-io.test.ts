import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Client } from '../support/client'
import { asked, page } from './support/pages'
import { type Side, withBoth } from './support/sides'
import { lateStore } from './support/stores'
import { BASE_OPTIONS, inTime } from './support/visits'

const KINDS = ['memory', 'late'] as const

/** A chat whose handshakes get their session from `use`; `sessionOf` says where a socket has it. */
async function chat(
  side: Side,
  t: TestContext,
  kind: (typeof KINDS)[number],
  use: Use,
  requestOf: RequestOf,
) {
  const store = kind === 'late' ? { store: lateStore(side) } : {}
  const sessions = side.session({ ...BASE_OPTIONS, ...store })
  const app = side.load('express')()
  app.use(sessions)
  app.get('/said', (req: any, res: any) => res.send(String(req.session.said)))
  app.get('/*path', async (req: any, res: any) => res.send(await page(req)))
  const server = http.createServer(app)
  const io = new (side.load('socket.io').Server)(server)
  use(io, sessions)
  io.on('connection', (socket: any) => {
    const req = requestOf(socket)
    socket.on('who', (answer: any) => answer(req.session.user ?? 'a stranger'))
    socket.on('say', async (text: string, answer: any) => {
      try {
        await asked((done) => req.session.reload(done))
        req.session.said = text
        await asked((done) => req.session.save(done))
        answer('saved')
      } catch {
        answer('failed')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => io.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new Client(origin)
  t.after(() => client.stop())
  return { origin, client, io }
}

type Use = (io: any, sessions: any) => void
type RequestOf = (socket: any) => any

/** The page's `io()`, with these cookies. */
async function connect(side: Side, t: TestContext, origin: string, client: Client, transports: string[]) {
  const cookie = client.jar.header('/')
  const extraHeaders = cookie === undefined ? {} : { cookie }
  const socket = side.load('socket.io-client').io(origin, { transports, extraHeaders, reconnection: false })
  t.after(() => socket.disconnect())
  await inTime(
    new Promise<void>((resolve, reject) => {
      socket.on('connect', resolve)
      socket.on('connect_error', reject)
    }),
  )
  return socket
}

const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']]

withBoth('socket.io', (side) => {
  const use: Use = (io, sessions) => io.engine.use(sessions)
  const requestOf: RequestOf = (socket) => socket.request

  for (const kind of KINDS) {
    for (const transports of TRANSPORTS) {
      test(`${kind} store, ${transports.join(' and ')}: a socket has its page's session`, async (t) => {
        const { client, origin, io } = await chat(side, t, kind, use, requestOf)
        await inTime(client.get('/login'))
        const socket = await connect(side, t, origin, client, transports)
        if (transports.length === 2 && socket.io.engine.transport.name !== 'websocket') {
          await inTime(once(socket.io.engine, 'upgrade'))
        }
        assert.equal(socket.io.engine.transport.name, transports.at(-1))
        assert.equal(await inTime(socket.emitWithAck('who')), 'ann')
        assert.equal(await inTime(socket.emitWithAck('say', 'hello')), 'saved')
        assert.equal((await inTime(client.get('/said'))).body, 'hello')
        await inTime(client.get('/count'))
        assert.equal(await inTime(socket.emitWithAck('say', 'again')), 'saved')
        assert.equal((await inTime(client.get('/count'))).body, '2')

        const kept = client.twin()
        t.after(() => kept.stop())
        await inTime(client.get('/logout'))
        assert.equal(await inTime(socket.emitWithAck('say', 'too late')), 'failed')
        assert.equal((await inTime(kept.get('/who'))).body, 'a stranger')
        const gone = once(socket, 'disconnect')
        io.disconnectSockets()
        await inTime(gone)
      })
    }

    test(`${kind} store: strangers connect, and the server lives on`, async (t) => {
      const { client, origin } = await chat(side, t, kind, use, requestOf)
      for (const transports of TRANSPORTS) {
        const socket = await connect(side, t, origin, client, transports)
        assert.equal(await inTime(socket.emitWithAck('who')), 'a stranger')
      }
      assert.equal((await inTime(client.get('/count'))).body, '1')
    })
  }
})

withBoth('express-socket.io-session', (side) => {
  for (const kind of KINDS) {
    test(`${kind} store: a socket has its page's session in its handshake`, async (t) => {
      const { client, origin } = await chat(
        side,
        t,
        kind,
        (io, sessions) => io.use(side.load('express-socket.io-session')(sessions)),
        (socket) => socket.handshake,
      )
      await inTime(client.get('/login'))
      const socket = await connect(side, t, origin, client, ['websocket'])
      assert.equal(await inTime(socket.emitWithAck('who')), 'ann')
      assert.equal(await inTime(socket.emitWithAck('say', 'hello')), 'saved')
      assert.equal((await inTime(client.get('/said'))).body, 'hello')
      await inTime(client.get('/logout'))
      assert.equal(await inTime(socket.emitWithAck('say', 'too late')), 'failed')
    })
  }
})
