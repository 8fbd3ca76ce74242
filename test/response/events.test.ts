import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Handler } from '../support/app'
import { sessionApp, turn } from './support/apps'
import { RawConnection } from './support/raw'
import { begin, read, STORES, withSession } from './support/visitors'

/** An event stream that changes the session with every event and stops when the client has left. */
const events: Handler = (req, res) => {
  let sent = 0
  const tick = () => {
    req.session.sent = ++sent
    res.write(`data: ${sent}\n\n`)
  }
  req.session.opened = true
  res.writeHead(200, { 'Content-Type': 'text/event-stream' })
  tick()
  const timer = setInterval(tick, 2)
  res.on('close', () => clearInterval(timer))
}

for (const [words, makeStore] of Object.entries(STORES)) {
  describe(`server-sent events, ${words} store`, () => {
    it('begin when the session is saved, and the cookie comes with them', async (t) => {
      const app = await sessionApp(t, makeStore(), withSession(events))
      const client = await RawConnection.to(app.origin)
      client.request('/events')
      await client.until((bytes) => bytes.includes('data: 1\n\n'))
      const cookie = /connect\.sid=[^;]+/.exec(client.received.toString())?.[0] ?? ''
      assert.equal((await read(app, { cookie })).opened, true)
      client.close()
    })

    it('save what has changed when the client leaves', async (t) => {
      const app = await sessionApp(t, makeStore(), withSession(events))
      const visitor = await begin(app)
      const client = await RawConnection.to(app.origin)
      client.request('/events', { Cookie: visitor.cookie })
      await client.until((bytes) => bytes.includes('data: 5\n\n'))
      client.close()
      let session: any = {}
      for (let tries = 0; tries < 200 && !(session.sent >= 5); tries++) session = await read(app, visitor)
      assert.ok(session.sent >= 5)
      assert.equal(session.begun, true)
    })

    it('save what has changed before they end', async (t) => {
      const app = await sessionApp(
        t,
        makeStore(),
        withSession(async (req, res) => {
          res.write('data: 1\n\n')
          await turn()
          req.session.last = 'words'
          res.end('data: 2\n\n')
        }),
      )
      const visitor = await begin(app)
      const answer = await app.client().get('/events', visitor)
      assert.equal(answer.body, 'data: 1\n\ndata: 2\n\n')
      assert.equal((await read(app, visitor)).last, 'words')
    })
  })
}
