import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as sojourn from '../../lib/index'
import { APP_KINDS, type ErrorHandler, type Handler } from '../support/app'
import { FailingStore, sessionApp } from './support/apps'

const page: ErrorHandler = (error, _req, res) => {
  res.statusCode = 503
  res.end(`our page: ${error.code}`)
}

/** Express 5 hands rejections on; elsewhere handlers do it themselves. */
const handingOn =
  (handler: Handler): Handler =>
  (req, res, next) =>
    void Promise.resolve(handler(req, res, next)).catch(next)

/** Ways to learn that a save of the handler's own has failed. */
const HANDLERS: Record<string, Handler> = {
  'await save()': async (req, res) => {
    req.session.user = 'mary'
    await req.session.save()
    res.end('saved')
  },
  'save(callback)': (req, res, next) => {
    req.session.user = 'mary'
    req.session.save((error: unknown) => (error ? next(error) : res.end('saved')))
  },
  'save(callback), answered where it was asked': (req, res) => {
    req.session.user = 'mary'
    req.session.save((error: any) => page(error, req, res, () => {}))
  },
  'save(callback), answered by writeHead': (req, res) => {
    req.session.user = 'mary'
    req.session.save((error: any) => res.writeHead(503).end(`our page: ${error.code}`))
  },
  'save(callback), answered in parts': (req, res) => {
    req.session.user = 'mary'
    req.session.save((error: any) => {
      res.statusCode = 503
      res.write('our page: ')
      setImmediate(() => res.end(error.code))
    })
  },
}

describe('after a save of its own that failed, the answer that tells so', () => {
  for (const kind of APP_KINDS) {
    for (const [words, handler] of Object.entries(HANDLERS)) {
      it(`arrives, and nothing is tried again for it: ${words}, on ${kind}`, async (t) => {
        const store = new FailingStore('set')
        const app = await sessionApp(t, store, handingOn(handler), { kind, onError: page })
        const answer = await app.client().get('/')
        assert.deepEqual([answer.status, answer.body], [503, 'our page: ERR_SESSION_STORE'])
        assert.deepEqual(answer.setCookies, [])
        assert.equal(store.count('set'), 1)
        assert.ok(app.errors.length <= 1)
      })
    }
  }

  it('arrives after update() and renewId(), and for known sessions', async (t) => {
    const store = new FailingStore()
    const handler: Handler = async (req, res) => {
      if (req.url === '/begin') {
        req.session.user = 'mary'
        return res.end()
      }
      store.failing.add('set')
      req.session.n = 1
      if (req.url === '/update') await sojourn.session.update(req, (data: any) => data.n++)
      else await req.session.renewId()
    }
    const app = await sessionApp(t, store, handingOn(handler), { onError: page })
    for (const path of ['/update', '/renew']) {
      store.failing.clear()
      const client = app.client()
      assert.equal((await client.get('/begin')).status, 200)
      const answer = await client.get(path)
      assert.deepEqual([answer.status, answer.body], [503, 'our page: ERR_SESSION_STORE'])
    }
  })

  it('arrives where the session cannot be written, or has changed meanwhile', async (t) => {
    const handler: Handler = async (req, res) => {
      if (req.url === '/begin') {
        req.session.n = 0
        return res.end()
      }
      if (req.url === '/other') {
        req.session.n++
        return res.end()
      }
      req.session.n = req.url === '/big' ? 1n : 5
      if (req.url === '/conflict')
        await fetch(`${app.origin}/other`, { headers: { cookie: req.headers.cookie } })
      await req.session.save()
    }
    const app = await sessionApp(t, new sojourn.MemoryStore(), handingOn(handler), {
      options: { concurrency: 'reject' },
      onError: page,
    })
    const client = app.client()
    await client.get('/begin')
    assert.equal((await client.get('/big')).body, 'our page: ERR_SESSION_UNSERIALIZABLE')
    assert.equal((await client.get('/conflict')).body, 'our page: ERR_SESSION_CONFLICT')
  })

  it('arrives also if it has put something in the session, which is saved where that works again', async (t) => {
    for (const works of [false, true]) {
      const store = new FailingStore('set')
      const app = await sessionApp(t, store, handingOn(HANDLERS['await save()'] as Handler), {
        onError: (error, req, res, next) => {
          if (works) store.failing.clear()
          req.session.problem = 'disk'
          page(error, req, res, next)
        },
      })
      const answer = await app.client().get('/')
      assert.deepEqual([answer.status, answer.body], [503, 'our page: ERR_SESSION_STORE'])
      assert.equal(answer.setCookies.length, works ? 1 : 0)
      assert.equal(store.count('set'), 2)
      assert.equal([...store.rows.values()].join().includes('disk'), works)
    }
  })

  it('is not an answer of success: that is saved before it leaves, or becomes an error', async (t) => {
    for (const works of [false, true]) {
      const store = new FailingStore('set')
      const app = await sessionApp(t, store, (req, res) => {
        req.session.user = 'mary'
        // The callback takes no notice of the error.
        req.session.save(() => {
          if (works) store.failing.clear()
          res.writeHead(302, { Location: '/inside' }).end()
        })
      })
      const answer = await app.client().get('/')
      assert.equal(answer.status, works ? 302 : 500)
      assert.equal(store.rows.size, works ? 1 : 0)
    }
  })

  it('is over with the next save that works', async (t) => {
    const store = new FailingStore('set')
    const app = await sessionApp(t, store, async (req, res) => {
      req.session.user = 'mary'
      await req.session.save().catch(() => store.failing.clear())
      await req.session.save()
      store.failing.add('set')
      req.session.user = 'joe'
      res.statusCode = 404
      res.end('no such page')
    })
    assert.equal((await app.client().get('/')).body, 'error: ERR_SESSION_STORE')
  })
})
