import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import express from 'express'
import session from '../../lib'
import { serve } from '../support/app'
import { oddStores } from '../support/odd-stores'

const { PlainStore } = oddStores(session.Store)

async function application(t: any, options: object) {
  const store = new PlainStore() as any
  const app = express()
  app.set('env', 'test')
  const skip = (req: any) => req.path === '/static'
  app.use(
    session({ secret: 'keyboard cat', resave: false, saveUninitialized: false, store, skip, ...options }),
  )
  app.use((req: any, res) => void res.send(typeof req.session))
  app.use(((error: any, _req, res, _next) => {
    res.status(error.status).send(error.code)
  }) as express.ErrorRequestHandler)
  const client = (await serve(t, app)).client()
  return { store, client }
}

describe('while the store is disconnected', () => {
  it('requests pass without a session', async (t) => {
    const { store, client } = await application(t, {})
    store.emit('disconnect')
    const answer = await client.get('/')
    assert.deepEqual([answer.status, answer.body], [200, 'undefined'])
  })

  it("requests are answered with 503 by storeDown: 'refuse', until it is back", async (t) => {
    const { store, client } = await application(t, { storeDown: 'refuse' })
    store.emit('disconnect')
    const answer = await client.get('/')
    assert.deepEqual([answer.status, answer.body], [503, 'ERR_SESSION_STORE_DOWN'])
    store.emit('connect')
    assert.equal((await client.get('/')).body, 'object')
  })

  it('requests that would have no session pass all the same', async (t) => {
    const { store, client } = await application(t, { storeDown: 'refuse', cookie: { path: '/app' } })
    store.emit('disconnect')
    assert.equal((await client.get('/')).body, 'undefined')
    assert.equal((await client.get('/app')).status, 503)
    const all = await application(t, { storeDown: 'refuse' })
    all.store.emit('disconnect')
    assert.equal((await all.client.get('/static')).body, 'undefined')
  })

  it('Express answers 503 by itself', async (t) => {
    const store = new PlainStore() as any
    const app = express()
    app.set('env', 'test')
    app.use(
      session({
        secret: 'keyboard cat',
        resave: false,
        saveUninitialized: false,
        store,
        storeDown: 'refuse',
      }),
    )
    store.emit('disconnect')
    assert.equal((await (await serve(t, app)).client().get('/')).status, 503)
  })

  it('is said by one of two words', () => {
    const options = { secret: 'keyboard cat', resave: false, saveUninitialized: false }
    assert.throws(() => session({ ...options, storeDown: 'wait' as never }), { code: 'ERR_SESSION_OPTION' })
    assert.throws(() => session({ ...options, onError: 'page' as never }), { code: 'ERR_SESSION_OPTION' })
  })
})
