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

type Attach = (side: Side, server: http.Server, sessions: any, app: any) => unknown

/** What a page of the chat tells the server, and what it answers. */
async function obey(req: any, order: string): Promise<string> {
  await asked((done) => req.session.reload(done))
  if (order === 'who') return req.session.user ?? 'a stranger'
  req.session.said = order
  await asked((done) => req.session.save(done))
  return `saved ${order}`
}

/** `new WebSocket(url)` of a page with these cookies: sends an order, gives the answer. */
async function pageSocket(side: Side, t: TestContext, client: Client, origin: string) {
  const { WebSocket } = side.load('ws')
  const headers = { cookie: client.jar.header('/') ?? '' }
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`, { headers })
  t.after(() => socket.terminate())
  // What is sent before the server listens is lost.
  await inTime(once(socket, 'message'))
  return async (order: string): Promise<string> => {
    const answer = once(socket, 'message')
    socket.send(order)
    const [text] = await inTime(answer)
    return String(text)
  }
}

function onMessage(socket: any, req: any): void {
  socket.on('message', async (order: Buffer) => {
    socket.send(await obey(req, String(order)).catch((error) => `failed: ${error.code ?? error.message}`))
  })
  socket.send('ready')
}

const ATTACH: Record<string, Attach> = {
  ws: (side, server, sessions) => {
    const wss = new (side.load('ws').WebSocketServer)({ noServer: true })
    wss.on('connection', onMessage)
    server.on('upgrade', (req: any, socket, head) => {
      sessions(req, {}, () => {
        wss.handleUpgrade(req, socket, head, (open: unknown) => wss.emit('connection', open, req))
      })
    })
  },
  'express-ws': (side, server, _sessions, app) => {
    side.load('express-ws')(app, server)
    app.ws('/socket', onMessage)
  },
}

for (const [name, attach] of Object.entries(ATTACH)) {
  withBoth(name, (side) => {
    for (const kind of ['memory', 'late'] as const) {
      test(`${kind} store: a socket has the session of its page until logout`, async (t) => {
        const store = kind === 'late' ? { store: lateStore(side) } : {}
        const sessions = side.session({ ...BASE_OPTIONS, ...store })
        const app = side.load('express')()
        app.use(sessions)
        const server = http.createServer(app)
        attach(side, server, sessions, app)
        app.get('/said', (req: any, res: any) => res.send(String(req.session.said)))
        app.get('/*path', async (req: any, res: any) => res.send(await page(req)))
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        t.after(() => {
          server.closeAllConnections()
          server.close()
        })
        const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        const client = new Client(origin)
        t.after(() => client.stop())

        await inTime(client.get('/login'))
        const tell = await pageSocket(side, t, client, origin)
        assert.equal(await tell('who'), 'ann')
        assert.equal(await tell('hello'), 'saved hello')
        assert.equal((await inTime(client.get('/said'))).body, 'hello')
        await inTime(client.get('/count'))
        assert.equal(await tell('again'), 'saved again')
        assert.equal((await inTime(client.get('/count'))).body, '2')

        const kept = client.twin()
        t.after(() => kept.stop())
        await inTime(client.get('/logout'))
        assert.match(await tell('too late'), /^failed: /)
        assert.equal((await inTime(kept.get('/who'))).body, 'a stranger')
        assert.equal((await inTime(kept.get('/said'))).body, 'undefined')
      })
    }
  })
}
