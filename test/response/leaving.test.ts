import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import * as sojourn from '../../lib/index'
import { FailingStore, openFlights, SlowStore, sessionApp, turn, until } from './support/apps'
import { RawConnection } from './support/raw'
import { begin, read, STORES, withSession } from './support/visitors'

describe('a client that leaves', () => {
  it('before the session is loaded: the handler runs, and what it puts in is saved', async (t) => {
    const store = new SlowStore({})
    let closed = 0
    const app = await sessionApp(
      t,
      store,
      withSession((req, res) => {
        req.session.late = true
        // It has left: there is no further event to wait for, and no end.
        closed = res.destroyed ? 1 : 0
      }),
    )
    const visitor = await begin(app)
    store.hold('get')
    const client = await RawConnection.to(app.origin)
    const gone = once(app.server, 'request').then(([, res]) => once(res as never, 'close'))
    client.request('/x', { Cookie: visitor.cookie })
    await until(() => store.waiting('get') === 1)
    client.close()
    await gone
    store.release('get')
    await until(() => openFlights(store) === 0)
    assert.equal(closed, 1)
    assert.equal((await read(app, visitor)).late, true)
  })

  it('while the response is held for the save: it is saved', async (t) => {
    const store = new SlowStore({})
    const app = await sessionApp(
      t,
      store,
      withSession((req, res) => {
        req.session.late = true
        res.end('never seen')
      }),
    )
    const visitor = await begin(app)
    store.hold('set')
    const client = await RawConnection.to(app.origin)
    client.request('/x', { Cookie: visitor.cookie })
    await until(() => store.waiting('set') === 1)
    client.close()
    await turn()
    store.release('set')
    assert.equal((await read(app, visitor)).late, true)
    await until(() => openFlights(store) === 0)
    assert.deepEqual(app.errors, [])
  })

  it('while a stream is held for the save: what changes after that is saved too', async (t) => {
    const store = new SlowStore({})
    let gone = false
    const app = await sessionApp(
      t,
      store,
      withSession((req, res) => {
        req.session.first = true
        res.write('never seen')
        req.session.second = true
        res.on('close', () => {
          gone = true
        })
      }),
    )
    const visitor = await begin(app)
    store.hold('set')
    const client = await RawConnection.to(app.origin)
    client.request('/x', { Cookie: visitor.cookie })
    await until(() => store.waiting('set') === 1)
    client.close()
    await until(() => gone)
    store.release('set')
    await until(() => openFlights(store) === 0)
    const { first, second } = await read(app, visitor)
    assert.deepEqual({ first, second }, { first: true, second: true })
  })

  it('before the handler has ended: what the handler saves later goes on top of what others have done', async (t) => {
    const store = new SlowStore({})
    let goOn = () => {}
    let ended = false
    const app = await sessionApp(
      t,
      store,
      withSession(async (req, res) => {
        if (req.url === '/other') {
          req.session.other = true
          return res.end()
        }
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        req.session.slow = true
        res.end(() => {
          ended = true
        })
        await turn()
        ended = true
      }),
    )
    const visitor = await begin(app)
    const client = await RawConnection.to(app.origin)
    client.request('/slow', { Cookie: visitor.cookie })
    const [, res] = (await once(app.server, 'request')) as never as [unknown, any]
    client.close()
    await once(res, 'close')
    await turn()
    await app.client().get('/other', visitor)
    goOn()
    await until(() => ended && openFlights(store) === 0)
    const { other, slow } = await read(app, visitor)
    assert.deepEqual({ other, slow }, { other: true, slow: true })
  })

  it('and is logged out meanwhile: nothing brings the session back', async (t) => {
    for (const store of [new SlowStore({}), new sojourn.MemoryStore()]) {
      let goOn = () => {}
      let done = false
      const app = await sessionApp(
        t,
        store,
        withSession(async (req, res) => {
          if (req.url === '/logout') return req.session.destroy(() => res.end())
          await new Promise<void>((resolve) => {
            goOn = resolve
          })
          req.session.slow = true
          res.end()
          await req.session.save().catch(() => {})
          done = true
        }),
      )
      const visitor = await begin(app)
      const client = await RawConnection.to(app.origin)
      client.request('/slow', { Cookie: visitor.cookie })
      const [, res] = (await once(app.server, 'request')) as never as [unknown, any]
      client.close()
      await once(res, 'close')
      await turn()
      await app.client().get('/logout', visitor)
      goOn()
      await until(() => done)
      assert.equal((await read(app, visitor)).begun, undefined)
      assert.equal(openFlights(store), 0)
    }
  })

  it('and whose session cannot be saved: an event tells it, and the process goes on', async (t) => {
    const store = new FailingStore()
    const app = await sessionApp(
      t,
      store,
      withSession((req, res) => {
        res.on('close', () => {})
        if (req.url === '/data') req.session.big = 1n
        else req.session.user = 'mary'
      }),
    )
    const told: string[] = []
    app.sessions.events.on('storeError', ({ operation, error }) => {
      told.push(`${operation} ${(error as { code?: string }).code}`)
    })
    const visitor = await begin(app)
    store.failing.add('set')
    for (const path of ['/data', '/store']) {
      const client = await RawConnection.to(app.origin)
      client.request(path, { Cookie: visitor.cookie })
      await once(app.server, 'request')
      await turn()
      client.close()
      const before = told.length
      await until(() => told.length > before)
    }
    assert.deepEqual(told, ['set ERR_SESSION_UNSERIALIZABLE', 'set ERR_SESSION_STORE'])
    await until(() => openFlights(store) === 0)
  })
})

describe('a session saved after the response', () => {
  for (const [words, makeStore] of Object.entries(STORES)) {
    it(`goes on top of what others have done meanwhile, ${words} store`, async (t) => {
      const store = makeStore()
      let goOn = () => {}
      let done = false
      const app = await sessionApp(
        t,
        store,
        withSession(async (req, res) => {
          if (req.url === '/other') {
            req.session.other = true
            return res.end()
          }
          res.end('first')
          await new Promise<void>((resolve) => {
            goOn = resolve
          })
          req.session.after = true
          await req.session.save()
          done = true
        }),
      )
      const visitor = await begin(app)
      await app.client().get('/', visitor)
      await app.client().get('/other', visitor)
      goOn()
      await until(() => done)
      const { other, after } = await read(app, visitor)
      assert.deepEqual({ other, after }, { other: true, after: true })
      assert.equal(openFlights(store), 0)
    })
  }
})
