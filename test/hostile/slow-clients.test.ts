import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openFlights, SlowStore, sessionApp, turn, until } from '../response/support/apps'
import { parseAnswers, RawConnection } from '../response/support/raw'
import { begin, read, withSession } from '../response/support/visitors'

const CLIENTS = 50

describe('clients that are slow on purpose', () => {
  it('do not keep anybody else from the session that they hold', async (t) => {
    const store = new SlowStore({})
    const app = await sessionApp(
      t,
      store,
      withSession(async (req, res) => {
        if (req.method !== 'POST') {
          req.session.quick = (req.session.quick ?? 0) + 1
          return res.end('quick')
        }
        let body = ''
        for await (const chunk of req) body += chunk
        req.session[`slow${body.slice(0, 2)}`] = true
        return res.end(body)
      }),
      { kind: 'node:http' },
    )
    const visitor = await begin(app)
    const slow = await Promise.all(Array.from({ length: CLIENTS }, () => RawConnection.to(app.origin)))
    for (const client of slow) {
      client.request('/x', { Cookie: visitor.cookie, 'Content-Length': '12', Connection: 'close' }, 'POST')
    }
    await until(() => openFlights(store) === 1)
    for (let n = 0; n < 12; n++) {
      for (const [index, client] of slow.entries())
        client.send(`${String(index).padStart(2, '0')}----------`[n] ?? '')
      await turn()
      assert.equal((await app.client().get('/quick', visitor)).body, 'quick')
    }
    for (const client of slow) {
      await client.end()
      assert.equal(parseAnswers(client.received, ['POST'])[0]?.status, 200)
    }
    const session = await read(app, visitor)
    assert.equal(session.quick, 12)
    assert.equal(Object.keys(session).filter((key) => key.startsWith('slow')).length, CLIENTS)
    await until(() => openFlights(store) === 0)
  })

  it('leave nothing behind when they break off in the middle of their body, or of their headers', async (t) => {
    const store = new SlowStore({ get: 1 })
    let begun = 0
    const app = await sessionApp(
      t,
      store,
      withSession(async (req, res) => {
        begun++
        req.session.begun = begun
        try {
          for await (const _chunk of req);
        } finally {
          res.end()
        }
      }),
      { kind: 'express 5' },
    )
    const visitor = await begin(app)
    const slow = await Promise.all(Array.from({ length: CLIENTS }, () => RawConnection.to(app.origin)))
    for (const [index, client] of slow.entries()) {
      if (index % 2 === 0) client.request('/x', { Cookie: visitor.cookie, 'Content-Length': '1000' }, 'POST')
      else client.send(`POST /x HTTP/1.1\r\nHost: a\r\nCookie: ${visitor.cookie.slice(0, 20)}`)
    }
    await until(() => begun === CLIENTS / 2)
    for (const client of slow) client.socket.resetAndDestroy()
    await until(() => openFlights(store) === 0)
    assert.ok((await read(app, visitor)).begun >= 1)
  })

  it('that never read their answer hold no flight longer than their connection', async (t) => {
    const store = new SlowStore({ set: 1 })
    const app = await sessionApp(
      t,
      store,
      withSession((req, res) => {
        req.session.n = 1
        const write = (): void => {
          while (!res.destroyed && res.write(Buffer.alloc(64_000)));
        }
        res.on('drain', write)
        write()
      }),
      { kind: 'node:http' },
    )
    const visitor = await begin(app)
    const clients = await Promise.all(Array.from({ length: 10 }, () => RawConnection.to(app.origin)))
    for (const client of clients) {
      client.socket.pause()
      client.request('/x', { Cookie: visitor.cookie })
    }
    await until(() => openFlights(store) === 1)
    assert.equal((await read(app, visitor)).begun, true)
    for (const client of clients) client.close()
    await until(() => openFlights(store) === 0)
    assert.equal((await read(app, visitor)).n, 1)
  })

  it('that send many requests at once and leave harm nobody', async (t) => {
    const store = new SlowStore({ set: 2 })
    let handled = 0
    const app = await sessionApp(
      t,
      store,
      withSession((req, res) => {
        handled++
        req.session.n = (req.session.n ?? 0) + 1
        res.end()
      }),
      { kind: 'node:http' },
    )
    const visitor = await begin(app)
    const client = await RawConnection.to(app.origin)
    for (let i = 0; i < 20; i++) client.request('/x', { Cookie: visitor.cookie })
    await until(() => handled > 0)
    client.close()
    await until(() => openFlights(store) === 0)
    assert.ok((await read(app, visitor)).n >= 1)
    assert.deepEqual(app.errors, [])
  })
})
