import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Handler } from '../support/app'
import { FailingStore, PlainStore, SlowStore, sessionApp, turn, until } from './support/apps'
import { parseAnswers, RawConnection, rawGet } from './support/raw'
import { begin, STORES, withSession } from './support/visitors'

describe('a response that has arrived', () => {
  /** Each sends the whole answer in its own way, after the session was changed. */
  const answers: Record<string, Handler> = {
    'a redirect': (_req, res) => res.writeHead(302, { Location: '/inside' }).end(),
    'an end': (_req, res) => res.end('whole'),
    'a declared length': (_req, res) => res.writeHead(200, { 'Content-Length': 5 }).end('whole'),
    'a declared length that a write fills': async (req, res) => {
      res.writeHead(200, { 'Content-Length': 10 })
      res.write('whole')
      await turn()
      req.session.mark = 'late'
      res.write('whole')
      await new Promise((resolve) => setTimeout(resolve, 30))
      res.end()
    },
    'a declared length, set and flushed before': async (req, res) => {
      res.setHeader('content-length', '6')
      res.flushHeaders()
      await turn()
      req.session.mark = 'late'
      res.write('ünde')
      res.write('r')
      await turn()
      res.end()
    },
    'many chunks, the session changed between': async (req, res) => {
      for (let i = 0; i < 4; i++) {
        res.write(`${i}`)
        req.session.mark = `late ${i}`
        await turn()
      }
      res.end()
    },
  }
  for (const [words, answer] of Object.entries(answers)) {
    it(`finds the session saved: ${words}`, async (t) => {
      const store = new SlowStore({ set: 15 })
      let mark: unknown
      const app = await sessionApp(
        t,
        store,
        withSession(async (req, res, next) => {
          req.session.mark = 'early'
          await answer(req, res, next)
          mark = req.session.mark
        }),
      )
      const visitor = await begin(app)
      const client = await RawConnection.to(app.origin)
      client.request('/x', { Cookie: visitor.cookie })
      await client.until((bytes) => parseAnswers(bytes, ['GET'])[0]?.whole === true)
      // Straight from the store: another request would come too late to prove it.
      const [row] = [...store.rows.values()].map((body) => JSON.parse(body))
      await until(() => mark !== undefined)
      assert.equal(row.mark, mark)
      client.close()
    })
  }
})

describe('a response that has ended', () => {
  it('has its set or touch done before finish, close and the callback of end', async (t) => {
    for (const path of ['/change', '/read']) {
      const store = new SlowStore({})
      const log: string[] = []
      const app = await sessionApp(
        t,
        store,
        withSession((req, res) => {
          if (path === '/change') req.session.n = 1
          for (const event of ['finish', 'close']) res.on(event, () => log.push(event))
          res.end('x', () => log.push('callback'))
        }),
      )
      const visitor = await begin(app)
      const before = store.calls.length
      const call = path === '/change' ? 'set' : 'touch'
      store.hold(call)
      const answered = app.client().get('/x', { ...visitor, headers: { Connection: 'close' } })
      await until(() => store.waiting(call) === 1)
      assert.deepEqual(log, [])
      store.release(call)
      assert.equal((await answered).body, 'x')
      await until(() => log.length === 3)
      // Which of finish and callback is first depends on the line of Node.js.
      assert.deepEqual([log.slice(0, 2).sort(), log[2]], [['callback', 'finish'], 'close'])
      assert.deepEqual(store.calls.slice(before), ['get', call])
    }
  })

  it('takes no second end, but calls its callback', async (t) => {
    for (const makeStore of Object.values(STORES)) {
      const told: string[] = []
      const app = await sessionApp(t, makeStore(), (req, res) => {
        req.session.n = 1
        assert.equal(res.end('once'), res)
        assert.equal(
          res.end('twice', (error: any) => told.push(error.code)),
          res,
        )
        res.end(() => told.push('called'))
        res.end('thrice')
        res.end()
      })
      assert.equal((await app.client().get('/')).body, 'once')
      await until(() => told.length === 2)
      assert.deepEqual(told.sort(), ['ERR_STREAM_WRITE_AFTER_END', 'called'])
    }
  })

  it('saves a changed session with one set, however it was sent', async (t) => {
    const ways: Handler[] = [
      (_req, res) => res.end('a'),
      (_req, res) => {
        res.write('a')
        res.end('b')
      },
      (_req, res) => {
        res.writeHead(200, { 'Content-Length': 2 })
        res.write('ab')
        res.end()
      },
      async (_req, res) => {
        res.flushHeaders()
        await turn()
        res.end('a')
      },
    ]
    for (const way of ways) {
      const store = new PlainStore()
      const app = await sessionApp(
        t,
        store,
        withSession((req, res, next) => {
          req.session.n = 1
          return way(req, res, next)
        }),
      )
      const visitor = await begin(app)
      const before = store.calls.length
      await app.client().get('/x', visitor)
      assert.deepEqual(store.calls.slice(before), ['get', 'set'])
    }
  })
})

describe('a response whose headers somebody has sent past the middleware', () => {
  let writeHead: any
  const keepWriteHead: Handler = (_req, res, next) => {
    writeHead = res.writeHead
    next()
  }
  const bypass: Handler = (req, res) => {
    req.session.n = 1
    writeHead.call(res, 200)
    res.end('ok')
  }

  it('goes on, the session is saved, and an event tells that the cookie came too late', async (t) => {
    for (const makeStore of Object.values(STORES)) {
      const app = await sessionApp(t, makeStore(), bypass, { kind: 'node:http', before: [keepWriteHead] })
      const told: string[] = []
      app.sessions.events.on('withheld', ({ because }) => told.push(because))
      app.sessions.events.on('created', () => told.push('created'))
      const answer = await rawGet(app.origin, '/')
      assert.equal(answer.body.toString(), 'ok')
      assert.deepEqual(told, ['created', 'late'])
      assert.deepEqual(app.errors, [])
    }
  })

  it('is broken off when the session cannot be saved', async (t) => {
    const app = await sessionApp(t, new FailingStore('set'), bypass, {
      kind: 'node:http',
      before: [keepWriteHead],
    })
    const answer = await rawGet(app.origin, '/')
    assert.equal(answer.whole, false)
    await until(() => app.errors.length === 1)
  })
})
