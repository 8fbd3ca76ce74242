import assert from 'node:assert/strict'
import type http from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import connect from 'connect'
import express from 'express'
import * as sojourn from '../../lib/index'
import { APP_KINDS, type ErrorHandler, type Handler, serve } from '../support/app'
import { FailingStore, sessionApp, turn } from './support/apps'
import { OPTIONS } from './support/modes'

/** Passes `(req, res, next)` on to hosts of promises: koa-connect, h3's fromNodeMiddleware and Hono's bridge do it so. */
function promiseHost(sessions: Handler, handler: Handler): http.RequestListener {
  return async (req, res) => {
    await new Promise<void>((resolve, reject) => {
      sessions(req, res, (error) => (error ? reject(error) : resolve()))
    })
    handler(req, res, () => {})
  }
}

/** As @fastify/middie: where a request has got to is kept in an object that the next request takes over. */
function pooledHost(middlewares: Handler[], handler: Handler): http.RequestListener {
  const pool: any[] = []
  return (req: any, res) => {
    // What it puts on the request itself.
    Object.assign(req, { originalUrl: req.url, id: 1, hostname: 'x', ip: '::1', ips: undefined, log: {} })
    const holder = pool.pop() ?? {
      index: 0,
      done(error?: unknown) {
        const { req, res } = holder
        const index = holder.index++
        req.url = req.originalUrl
        if (!error && index < middlewares.length) return middlewares[index]?.(req, res, holder.done)
        Object.assign(holder, { req: null, res: null, index: 0 })
        pool.push(holder)
        if (error) {
          res.statusCode = 500
          res.end('host')
        } else handler(req, res, () => {})
      },
    }
    Object.assign(holder, { req, res })
    holder.done()
  }
}

const HOSTS = {
  'koa-connect, h3 and Hono': (sessions: Handler, handler: Handler) => promiseHost(sessions, handler),
  '@fastify/middie': (sessions: Handler, handler: Handler) => pooledHost([sessions], handler),
}

const sessionsOf = (options: object = {}) =>
  sojourn.session({ ...OPTIONS, store: new FailingStore('set'), ...options } as never)

const change: Handler = (req, res) => {
  req.session.user = 'mary'
  res.writeHead(302, { Location: '/inside', ETag: '"x"' })
  res.end()
}

async function statusAndBody(origin: string): Promise<unknown[]> {
  const answer = await fetch(origin, { redirect: 'manual' })
  return [
    answer.status,
    await answer.text(),
    answer.headers.get('set-cookie'),
    answer.headers.get('location'),
  ]
}

describe('a save that fails where next works once', () => {
  for (const [words, hostFor] of Object.entries(HOSTS)) {
    it(`is answered with 500 and no detail: ${words}`, async (t) => {
      const app = await serve(t, hostFor(sessionsOf() as Handler, change))
      assert.deepEqual(await statusAndBody(app.origin), [500, 'Internal Server Error', null, null])
    })

    it(`is answered by the option onError: ${words}`, async (t) => {
      const onError: ErrorHandler = (error, req, res) => {
        res.statusCode = 503
        res.end(`${error.code} ${req.url}`)
      }
      const app = await serve(t, hostFor(sessionsOf({ onError }) as Handler, change))
      assert.deepEqual(await statusAndBody(`${app.origin}/p`), [503, 'ERR_SESSION_STORE /p', null, null])
    })

    it(`is answered with 500 where onError fails, or has only taken note: ${words}`, async (t) => {
      const notes: unknown[] = []
      const options = [
        (error: unknown) => {
          throw error
        },
        async (error: unknown) => {
          await turn()
          throw error
        },
        async (error: any) => void notes.push(error.code),
      ]
      for (const onError of options) {
        const app = await serve(t, hostFor(sessionsOf({ onError }) as Handler, change))
        assert.deepEqual(await statusAndBody(app.origin), [500, 'Internal Server Error', null, null])
      }
      assert.deepEqual(notes, ['ERR_SESSION_STORE'])
    })
  }

  it('does not move on the next request of a host that uses its state again', async (t) => {
    const passed: string[] = []
    const store = new FailingStore('set')
    const app = await serve(
      t,
      pooledHost(
        [
          sessionsOf({ store }) as Handler,
          (req, _res, next) => {
            passed.push(req.url)
            next()
          },
        ],
        (req, res) => {
          if (req.url === '/change') req.session.n = 1
          res.end(`${typeof req.session} ${passed.length}`)
        },
      ),
    )
    assert.equal((await fetch(`${app.origin}/change`)).status, 500)
    for (let i = 2; i < 5; i++) assert.equal(await (await fetch(`${app.origin}/read`)).text(), `object ${i}`)
  })

  it('lets onError know also when the headers have left, and breaks the answer off', async (t) => {
    const seen: unknown[] = []
    const onError: ErrorHandler = (error, _req, res) => void seen.push([error.code, res.headersSent])
    const stream: Handler = (req, res) => {
      res.write('half')
      setImmediate(() => {
        req.session.user = 'mary'
        res.end('whole')
      })
    }
    for (const hostFor of Object.values(HOSTS)) {
      const app = await serve(t, hostFor(sessionsOf({ onError }) as Handler, stream))
      await assert.rejects(fetch(app.origin).then((answer) => answer.text()))
    }
    assert.deepEqual(seen, [
      ['ERR_SESSION_STORE', true],
      ['ERR_SESSION_STORE', true],
    ])
  })

  it('is answered, and the process told, where the second next throws', async (t) => {
    const told: unknown[] = []
    process.setUncaughtExceptionCaptureCallback((error) => told.push(error.message))
    t.after(() => process.setUncaughtExceptionCaptureCallback(null))
    let nexts = 0
    const sessions = sessionsOf() as Handler
    const app = await serve(t, (req, res) => {
      sessions(req, res, () => {
        if (nexts++ > 0) throw new Error('next() called twice')
        change(req, res, () => {})
      })
    })
    assert.deepEqual(await statusAndBody(app.origin), [500, 'Internal Server Error', null, null])
    assert.deepEqual(told, ['next() called twice'])
  })

  it('leaves a late answer without effect, and without an error', async (t) => {
    const sessions = sessionsOf() as Handler
    const errors: unknown[] = []
    let page: (() => void) | undefined
    const app = await serve(t, (req, res) => {
      sessions(req, res, (error) => {
        if (!error) return change(req, res, () => {})
        page = () => {
          try {
            res.setHeader('X-Late', 'yes')
            res.writeHead(503, { 'X-Late': 'yes' })
            res.end('late')
          } catch (thrown) {
            errors.push(thrown)
          }
        }
      })
    })
    assert.deepEqual(await statusAndBody(app.origin), [500, 'Internal Server Error', null, null])
    page?.()
    assert.deepEqual(errors, [])
  })
})

describe('a save that fails where next finds error handlers', () => {
  /** Longer than somebody who shows no sign of work is given. */
  const page: ErrorHandler = async (error, _req, res, _next) => {
    await sleep(300)
    res.statusCode = 503
    res.end(`own ${error.code}`)
  }

  it('is answered by them, however long they take, and whatever onError would do', async (t) => {
    const onError: Handler = (_error, _req, res: any) => res.end('onError')
    const options = { onError }
    const nested = connect()
      .use(connect().use(sessionsOf(options) as never) as never)
      .use(change as never)
      .use(((error: unknown, req: unknown, res: unknown, next: never) =>
        page(error, req, res, next)) as never)
    const router = express.Router().use(sessionsOf(options) as never)
    const routed = express()
      .use(router)
      .use(change as never)
      .use(((error: unknown, req: unknown, res: unknown, next: never) =>
        page(error, req, res, next)) as never)
    const apps = await Promise.all([
      ...APP_KINDS.filter((kind) => kind !== 'node:http').map((kind) =>
        sessionApp(t, new FailingStore('set'), change, { kind, options, onError: page }),
      ),
      serve(t, nested as never),
      serve(t, routed as never),
    ])
    const answers = await Promise.all(apps.map((app) => statusAndBody(app.origin)))
    for (const answer of answers) assert.deepEqual(answer, [503, 'own ERR_SESSION_STORE', null, null])
  })

  it('leaves the request as it was', async (t) => {
    const urls: unknown[] = []
    const app = await sessionApp(t, new FailingStore('set'), change, {
      kind: 'node:http',
      onError: async (_error, req, res) => {
        await turn()
        await turn()
        await turn()
        urls.push(req.url, Object.getOwnPropertyDescriptor(req, 'url')?.value)
        res.end()
      },
    })
    await fetch(`${app.origin}/path?a=b`)
    assert.deepEqual(urls, ['/path?a=b', '/path?a=b'])
  })
})
