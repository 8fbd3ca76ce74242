import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import compression from 'compression'
import express from 'express'
import { APP_KINDS, type Handler } from '../support/app'
import { FailingStore, HangingStore, sessionApp } from './support/apps'
import { rawGet } from './support/raw'

/** Ways to answer, each of which would send headers that do not belong on an error page. */
const ANSWERS: Record<string, Handler> = {
  'an end': (_req, res) => res.end('welcome'),
  'an end with Content-Length': (_req, res) =>
    res.writeHead(201, { 'Content-Length': 7, ETag: '"x"' }).end('welcome'),
  'a redirect': (_req, res) => res.writeHead(302, 'Found', { Location: '/inside' }).end(),
  'a picture that may be kept': (_req, res) => {
    res.setHeader('Cache-Control', 'public, max-age=3600')
    res.setHeader('Content-Type', 'image/png')
    res.setHeader('Content-Encoding', 'gzip')
    res.setHeader('Last-Modified', new Date(0).toUTCString())
    res.end('png')
  },
  'writes and an end': (_req, res) => {
    res.write('wel')
    res.write('come')
    res.end()
  },
  'flushed headers and a body': (_req, res) => {
    res.setHeader('Content-Length', 7)
    res.flushHeaders()
    res.end('welcome')
  },
  'a piped stream': (_req, res) => Readable.from(['wel', 'come', '!'.repeat(100_000)]).pipe(res),
}

const change: Handler = (req, _res, next) => {
  req.session.user = 'mary'
  next()
}

describe('a save that fails before the headers have left', () => {
  for (const kind of APP_KINDS) {
    for (const [words, handler] of Object.entries(ANSWERS)) {
      it(`gives an error page and nothing of the answer: ${words}, on ${kind}`, async (t) => {
        const app = await sessionApp(t, new FailingStore('set'), handler, { kind, between: [change] })
        const answer = await rawGet(app.origin, '/')
        assert.equal(answer.status, 500)
        assert.equal(answer.reason, 'Internal Server Error')
        assert.equal(answer.body.toString(), 'error: ERR_SESSION_STORE')
        const headers = answer.headers.filter(
          ([name]) => !['Date', 'Connection', 'X-Powered-By'].includes(name),
        )
        assert.ok(answer.whole)
        const framing =
          answer.framing === 'length' ? ['Content-Length', '24'] : ['Transfer-Encoding', 'chunked']
        assert.deepEqual(headers, [framing])
        assert.equal(app.errors.length, 1)
        assert.equal(app.errors[0].cause.message, 'disk full')
      })
    }
  }

  it('lets an error page that keeps the status of the response answer 500 as well', async (t) => {
    const store = new FailingStore('set')
    const app = await sessionApp(
      t,
      store,
      (req, res) => {
        req.session.n = 1
        res.redirect('/inside')
      },
      {
        onError: (_error, _req, res) =>
          res.status(res.statusCode === 200 ? 500 : res.statusCode).send('<h1>sorry'),
      },
    )
    const answer = await app.client().get('/')
    assert.equal(answer.status, 500)
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(answer.headers.location, undefined)
  })

  it('is shown by Express when the application has no error handler', async (t) => {
    const app = express()
    app.set('env', 'test')
    const served = await sessionApp(t, new FailingStore('set'), app, {
      between: [change],
      onError: undefined as never,
    })
    app.get('/', (_req, res) => {
      res.set('Cache-Control', 'no-store').json({ welcome: true })
    })
    const answer = await served.client().get('/')
    assert.equal(answer.status, 500)
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.headers['etag'], undefined)
  })

  it('lets the error page stream', async (t) => {
    const app = await sessionApp(t, new FailingStore('set'), (_req, res) => res.json({ welcome: true }), {
      between: [change],
      onError: (_error, _req, res) => {
        res.statusCode = 503
        Readable.from(['so ', 'sorry', '.'.repeat(50_000)]).pipe(res)
      },
    })
    const answer = await app.client().get('/')
    assert.equal(answer.status, 503)
    assert.equal(answer.body, `so sorry${'.'.repeat(50_000)}`)
  })

  it('puts no cookie on the error page, and saves nothing of what that does', async (t) => {
    const store = new FailingStore('set')
    const app = await sessionApp(t, store, (_req, res) => res.end('ok'), {
      between: [change],
      onError: (_error, req, res) => {
        store.failing.clear()
        req.session.more = true
        res.status(500).end()
      },
    })
    const answer = await app.client().get('/')
    assert.deepEqual(answer.setCookies, [])
    assert.equal(store.rows.size, 0)
  })

  it('tells callbacks of the writes and of the end', async (t) => {
    const told: string[] = []
    const app = await sessionApp(
      t,
      new FailingStore('set'),
      (_req, res) => {
        res.write('a', (error: any) => told.push(`write ${error.code}`))
        res.end('b', (error: any) => told.push(`end ${error.code}`))
      },
      { between: [change] },
    )
    await app.client().get('/')
    assert.deepEqual(told, ['write ERR_SESSION_STORE', 'end ERR_SESSION_STORE'])
  })

  it('is shown plainly also where compression was at work on the answer', async (t) => {
    const long: Handler = (_req, res) => res.type('text/plain').end('long '.repeat(2000))
    const streamed: Handler = (_req, res) => {
      res.type('text/plain')
      for (let i = 0; i < 100; i++) res.write('long '.repeat(200))
    }
    for (const handler of [long, streamed]) {
      const app = await sessionApp(t, new FailingStore('set'), handler, {
        between: [compression() as Handler, change],
      })
      const answer = await app.client().get('/', { headers: { 'Accept-Encoding': 'gzip' } })
      assert.equal(answer.status, 500)
      assert.equal(answer.headers['content-encoding'], undefined)
      assert.equal(answer.body, 'error: ERR_SESSION_STORE')
    }
  })

  it('works again with the next request', async (t) => {
    const store = new FailingStore('set')
    const app = await sessionApp(t, store, (req, res) => res.end(`hello ${req.session.user}`), {
      between: [change],
    })
    const client = app.client()
    assert.equal((await client.get('/')).status, 500)
    store.failing.clear()
    const answer = await client.get('/')
    assert.equal(answer.body, 'hello mary')
    assert.equal(answer.setCookies.length, 1)
  })

  it('is also a store that does not answer in time', async (t) => {
    const store = new HangingStore('set')
    const app = await sessionApp(t, store, (_req, res) => res.end('ok'), {
      between: [change],
      options: { storeTimeout: 20 },
    })
    const answer = await app.client().get('/')
    assert.equal(answer.status, 500)
    assert.equal(answer.body, 'error: ERR_SESSION_STORE_TIMEOUT')
  })
})
