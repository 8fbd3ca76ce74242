import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { APP_KINDS } from '../support/app'
import { SlowStore, sessionApp } from './support/apps'
import { parseAnswers, RawConnection } from './support/raw'
import { begin, read, STORES, withSession } from './support/visitors'

describe('requests on one connection', () => {
  for (const kind of APP_KINDS) {
    it(`are answered in order when they are pipelined: ${kind}`, async (t) => {
      const store = new SlowStore({ get: 1, set: 3 })
      const delays = [9, 1, 5, 0, 3]
      const app = await sessionApp(
        t,
        store,
        withSession(async (req, res) => {
          const index = Number(req.url.slice(2))
          req.session[`key${index}`] = true
          await new Promise((resolve) => setTimeout(resolve, delays[index]))
          if (index % 2 === 0) res.write(`answer `)
          res.end(String(index))
        }),
        { kind },
      )
      const visitor = await begin(app)
      const client = await RawConnection.to(app.origin)
      const paths = delays.map((_, index) => `/x${index}`)
      const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\nCookie: ${visitor.cookie}\r\n\r\n`
      client.send(paths.map(request).join(''))
      const methods = paths.map(() => 'GET')
      await client.until((bytes) => parseAnswers(bytes, methods).filter(({ whole }) => whole).length === 5)
      const bodies = parseAnswers(client.received, methods).map(({ body }) => body.toString())
      assert.deepEqual(bodies, ['answer 0', '1', 'answer 2', '3', 'answer 4'])
      const session = await read(app, visitor)
      assert.deepEqual(
        Object.keys(session)
          .filter((key) => key.startsWith('key'))
          .sort(),
        ['key0', 'key1', 'key2', 'key3', 'key4'],
      )
      client.close()
    })
  }

  it('keep their connection alive one after the other, held or not', async (t) => {
    for (const makeStore of Object.values(STORES)) {
      let connections = 0
      const app = await sessionApp(
        t,
        makeStore(),
        withSession((req, res) => {
          req.session.n = (req.session.n ?? 0) + 1
          res.end(String(req.session.n))
        }),
      )
      app.server.on('connection', () => connections++)
      const client = app.client()
      for (let i = 1; i <= 20; i++) assert.equal((await client.get('/x')).body, String(i))
      assert.equal(connections, 1)
    }
  })

  it('an HTTP/1.0 client gets a body that ends with the connection', async (t) => {
    const app = await sessionApp(t, new SlowStore({ set: 2 }), (req, res) => {
      req.session.n = 1
      res.write('a')
      res.end('b')
    })
    const client = await RawConnection.to(app.origin)
    client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    await client.end()
    const [answer] = parseAnswers(client.received, ['GET'])
    assert.equal(answer?.framing, 'close')
    assert.equal(answer?.body.toString(), 'ab')
  })
})

describe('a client that waits for 100 Continue', () => {
  it('is told to go on before the session holds the answer', async (t) => {
    const app = await sessionApp(t, new SlowStore({ set: 5 }), async (req, res) => {
      req.session.body = ''
      for await (const chunk of req) req.session.body += chunk
      res.end(req.session.body)
    })
    const client = await RawConnection.to(app.origin)
    client.request('/', { 'Content-Length': '5', Expect: '100-continue', Connection: 'close' }, 'POST')
    await client.until((bytes) => bytes.includes('100 Continue'))
    client.send('hello')
    await client.end()
    const answers = parseAnswers(client.received, ['POST'])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [100, 200],
    )
    assert.equal(answers[1]?.body.toString(), 'hello')
  })
})
