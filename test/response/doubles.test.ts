import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import * as sojourn from '../../lib/index'
import type { Handler } from '../support/app'
import { PlainStore, sessionApp, turn, until } from './support/apps'
import { OPTIONS } from './support/modes'
import { begin, STORES, withSession } from './support/visitors'

function run(store: unknown, req: any, res: any): Promise<void> {
  const middleware = sojourn.session({ ...OPTIONS, store } as never)
  return new Promise((resolve, reject) =>
    middleware(req, res, (error) => (error ? reject(error) : resolve())),
  )
}

describe('a response that is hardly one (T25)', () => {
  for (const [words, makeStore] of Object.entries(STORES)) {
    it(`may have nothing at all: a session is there and can be saved, ${words} store`, async () => {
      const req: any = { url: '/', headers: {} }
      await run(makeStore(), req, {})
      req.session.n = 1
      await req.session.save()
      const again: any = { url: '/', headers: {} }
      await run(makeStore(), again, {})
      assert.notEqual(again.sessionID, req.sessionID)
    })

    it(`may have an end alone: it is called once, with its arguments, when the session is saved, ${words} store`, async () => {
      const store: any = makeStore()
      const req: any = { url: '/', headers: {} }
      const ends: unknown[][] = []
      const res: any = {
        end(...args: unknown[]) {
          ends.push(args)
          return 'its own'
        },
      }
      await run(store, req, res)
      req.session.n = 1
      res.end('chunk', 'utf8')
      res.end('again')
      await until(() => ends.length > 0)
      assert.deepEqual(ends, [['chunk', 'utf8']])
      await new Promise<void>((resolve, reject) => {
        store.get(req.sessionID, (error: unknown, found: any) => {
          if (error) reject(error)
          else resolve(assert.equal(found?.n, 1))
        })
      })
    })

    it(`may be a socket.io handshake without a connection, ${words} store`, async () => {
      const store = makeStore()
      const first: any = { url: '/', headers: {}, connection: undefined }
      const lines: string[] = []
      const res: any = {
        getHeader: () => undefined,
        setHeader: (name: string, value: string[]) => name === 'Set-Cookie' && lines.push(...value),
        end() {},
      }
      await run(store, first, res)
      first.session.n = 1
      res.end()
      await until(() => lines.length === 1)
      const handshake: any = { url: '/socket.io/?EIO=4', headers: { cookie: lines[0]?.split(';', 1)[0] } }
      await run(store, handshake, {})
      assert.equal(handshake.session.n, 1)
    })

    it(`may be an emitter that tells of its close alone, ${words} store`, async () => {
      const store: any = makeStore()
      const req: any = { url: '/', headers: {} }
      const res: any = new EventEmitter()
      await run(store, req, res)
      await turn()
      req.session.n = 1
      res.emit('close')
      let saved: any
      for (let tries = 0; tries < 100 && !saved; tries++) {
        saved = await new Promise((resolve) =>
          store.get(req.sessionID, (_: unknown, found: unknown) => resolve(found)),
        )
      }
      assert.equal(saved?.n, 1)
    })
  }
})

describe('AsyncLocalStorage', () => {
  /** As database clients do: answers come from one connection, which was made outside of any request. */
  class PooledStore extends PlainStore {
    readonly #queue: Array<() => void> = []
    readonly #timer = setInterval(() => this.#queue.shift()?.(), 1)

    override answer(call: any, done: any, work: any): void {
      super.answer(
        call,
        (error: unknown, value: unknown) => this.#queue.push(() => done?.(error, value)),
        work,
      )
    }

    stop(): void {
      clearInterval(this.#timer)
    }
  }

  it('keeps its context through load and save, also for stores that answer from another one', async (t) => {
    const context = new AsyncLocalStorage<string>()
    const store = new PooledStore()
    t.after(() => store.stop())
    const seen: string[] = []
    const note = (where: string) => seen.push(`${where} ${context.getStore()}`)
    let requests = 0
    const handler: Handler = async (req, res) => {
      note('handler')
      req.session.n = 1
      res.on('finish', () => note('finish'))
      res.on('close', () => note('close'))
      await req.session.save()
      note('save')
      req.session.save(() => {
        note('save callback')
        req.session.m = 1
        res.write('x'.repeat(100_000), () => note('write callback'))
        res.once('drain', () => {
          note('drain')
          res.end('y', () => note('end callback'))
        })
      })
    }
    const app = await sessionApp(t, store, withSession(handler), {
      before: [(_req, _res, next) => context.run(`request ${++requests}`, () => next())],
    })
    const visitor = await begin(app)
    await app.client().get('/x', { ...visitor, headers: { Connection: 'close' } })
    await until(() => seen.length === 8)
    assert.deepEqual(
      seen.filter((line) => !line.endsWith(' request 2')),
      [],
    )
  })

  it('has it in the error handler too', async (t) => {
    const context = new AsyncLocalStorage<string>()
    const store = new PooledStore()
    t.after(() => store.stop())
    let seen: string | undefined
    const app = await sessionApp(
      t,
      store,
      (req, res) => {
        req.session.n = 1
        store.set = (_sid: unknown, _session: unknown, done: any) =>
          store.answer('set', done, () => {
            throw new Error('disk full')
          })
        res.end()
      },
      {
        before: [(_req, _res, next) => context.run('request', () => next())],
        onError: (_error, _req, res) => {
          seen = context.getStore()
          res.end('sorry')
        },
      },
    )
    assert.equal((await app.client().get('/')).body, 'sorry')
    assert.equal(seen, 'request')
  })
})
