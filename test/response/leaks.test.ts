import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as sojourn from '../../lib/index'
import type { Handler } from '../support/app'
import { openFlights, PlainStore, type SessionApp, sessionApp, turn, until } from './support/apps'
import { RawConnection } from './support/raw'
import { begin, withSession } from './support/visitors'

const REQUESTS = 10_000
const CONNECTIONS = 10

/** Ends, streams, unsets, saves, fails, reloads and sends heads, in turn; every third changes the session. */
const handler: Handler = (req, res) => {
  const index = Number(req.url.slice(2))
  if (index % 3 === 0) req.session.n = index
  assert.ok(req.session.begun)
  switch (index % 8) {
    case 0:
      return res.end('end')
    case 1:
      res.write('write')
      return setImmediate(() => res.end('end'))
    case 2:
      req.session = null
      return res.end()
    case 3:
      return req.session.save(() => res.end())
    case 4:
      req.session.big = 1n
      return res.end()
    case 5:
      return req.session.reload(() => res.end())
    case 6:
      return res.writeHead(200, { 'Content-Length': 2 }).end('ok')
    default:
      return setImmediate(() => res.end())
  }
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

async function sendAll(app: SessionApp, cookie: string): Promise<void> {
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, lane) => {
      const client = await RawConnection.to(app.origin)
      let received = 0
      client.socket.removeAllListeners('data')
      client.socket.on('data', (chunk) => {
        received += chunk.toString('latin1').split('HTTP/1.1 ').length - 1
      })
      for (let sent = 0; sent < REQUESTS / CONNECTIONS; sent += 100) {
        const paths = Array.from({ length: 100 }, (_, i) => `/x${(sent + i) * CONNECTIONS + lane}`)
        client.send(
          paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\n\r\n`).join(''),
        )
        await until(() => received >= sent + 100, `${received} answers of ${sent + 100}`)
      }
      client.close()
    }),
  )
}

for (const [words, makeStore] of Object.entries({
  memory: () => new sojourn.MemoryStore(),
  'third-party': () => new PlainStore(),
})) {
  describe(`${REQUESTS} requests, ${words} store`, () => {
    it('leave no listeners, flights, timers or requests behind', async (t) => {
      const store: any = makeStore()
      const seen: WeakRef<object>[] = []
      const listeners: Record<string, number> = {}
      const watch: Handler = (req, res, next) => {
        if (seen.length < 500) seen.push(new WeakRef(req), new WeakRef(res))
        res.once('finish', () => {
          for (const name of res.eventNames()) {
            listeners[name] = Math.max(listeners[name] ?? 0, res.listenerCount(name))
          }
        })
        next()
      }
      const app = await sessionApp(t, store, withSession(handler), { kind: 'node:http', before: [watch] })
      const { cookie } = await begin(app)
      const before = timers()
      const own = process.eventNames().map((name) => [name, process.listenerCount(name as never)])
      await sendAll(app, cookie)
      await until(() => openFlights(store) === 0, 'open flights')
      await until(() => timers() <= before + 1, `${timers()} timers`)
      assert.ok((listeners['close'] ?? 0) <= 2 && (listeners['finish'] ?? 0) <= 2, JSON.stringify(listeners))
      assert.deepEqual(
        process.eventNames().map((name) => [name, process.listenerCount(name as never)]),
        own,
      )
      for (const name of store.eventNames()) assert.equal(store.listenerCount(name), 1)
      assert.deepEqual(app.sessions.events.eventNames(), [])
      app.errors.length = 0
      setFlagsFromString('--expose-gc')
      const collect: () => void = runInNewContext('gc')
      for (let i = 0; i < 5; i++) {
        await turn()
        collect()
      }
      const alive = seen.filter((ref) => ref.deref()).length
      assert.ok(alive <= 20, `${alive} of ${seen.length} requests and responses are still there`)
    })
  })
}
