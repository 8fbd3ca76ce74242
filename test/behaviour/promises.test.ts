import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { turns } from '../support/clock'
import { keep, odd, ours, STORES, session } from './ours'

describe('without a callback the methods of a session give promises', () => {
  for (const [kind, make] of STORES) {
    it(`that are kept when the work is done, in ${kind}`, async (t) => {
      const store = make()
      const seen: unknown[] = []
      const { client } = await ours(
        t,
        { store },
        {
          '/all': async (req, res) => {
            req.session.user = 'ann'
            seen.push(await req.session.save())
            const id = req.sessionID
            const row = await new Promise<any>((resolve) => store.get(id, (_: unknown, r: any) => resolve(r)))
            seen.push(row.user)
            req.session.user = 'bob'
            seen.push(await req.session.reload(), req.session.user)
            seen.push(await req.session.regenerate(), req.sessionID !== id, req.session.user)
            seen.push(await req.session.destroy(), req.session)
            res.end()
          },
        },
      )
      assert.equal((await client.get('/all')).status, 200)
      assert.deepEqual(seen, [
        ...[undefined, 'ann', undefined, 'ann', undefined, true],
        ...[undefined, undefined, undefined],
      ])
    })
  }

  it('that fail with a code and the reason of the store', async (t) => {
    const store = new odd.FailingStore()
    const failures: any[] = []
    const attempt = async (work: () => Promise<unknown>) => {
      await work().catch((error) => failures.push(error))
    }
    const { client } = await ours(
      t,
      { store },
      {
        '/fail': async (req, res) => {
          for (const call of ['get', 'set', 'destroy'] as const) store.failing.add(call)
          await attempt(() => req.session.save())
          await attempt(() => req.session.reload())
          await attempt(() => req.session.regenerate())
          await attempt(() => req.session.destroy())
          store.failing.clear()
          res.end()
        },
      },
    )
    await client.get('/put')
    await client.get('/fail')
    assert.equal(failures.length, 4)
    for (const error of failures) {
      assert.equal(error.code, 'ERR_SESSION_STORE')
      assert.equal(error.cause.message, 'disk full')
    }
  })

  it('one that nobody awaits ends no process', async (t) => {
    // An unhandled rejection fails this test.
    const store = new odd.FailingStore('set')
    const { client, since } = await ours(
      t,
      { store },
      {
        '/forget': (req, res) => {
          req.session.n = 1
          void req.session.save()
          delete req.session.n
          res.end('fine')
        },
      },
    )
    assert.equal((await client.get('/forget')).body, 'fine')
    await turns(3)
    assert.ok(since().includes('storeError'))
  })
})

describe('without a callback the methods of our stores give promises', () => {
  it('MemoryStore', async () => {
    const store = new session.MemoryStore()
    const data = { cookie: new session.Cookie(), user: 'ann' }
    assert.equal(await store.set('a', data), undefined)
    assert.equal((await store.get('a')).user, 'ann')
    assert.equal(await store.get('b'), null)
    assert.equal(await store.length(), 1)
    assert.deepEqual(Object.keys(await store.all()), ['a'])
    assert.equal(await store.touch('a', data), undefined)
    assert.equal(await store.destroy('a'), undefined)
    await store.set('a', data)
    assert.equal(await store.clear(), undefined)
    assert.equal(await store.length(), 0)
  })

  it('what JSON cannot write is a rejection, and with a callback its error', async () => {
    const store = new session.MemoryStore()
    const data = { cookie: new session.Cookie(), n: 1n }
    await assert.rejects(store.set('a', data), TypeError)
    const error = await new Promise((resolve) => store.set('a', data, resolve))
    assert.ok(error instanceof TypeError)
  })

  it('after close() calls fail with a code', async () => {
    const store = new session.MemoryStore()
    await store.close()
    await store.close()
    await assert.rejects(store.get('a'), { code: 'ERR_SESSION_CLOSED' })
    await assert.rejects(store.set('a', { cookie: {} }), { code: 'ERR_SESSION_CLOSED' })
  })
})

describe('renewId', () => {
  for (const [kind, make] of STORES) {
    const renew = {
      '/renew': async (req: any, res: any) => {
        req.session.role = 'admin'
        await req.session.renewId()
        res.end(req.sessionID)
      },
    }

    it(`gives a new id and keeps the data, and the old id is dead, in ${kind}`, async (t) => {
      const { client, since } = await ours(t, { store: make() }, renew)
      await client.get('/put?user=ann')
      const before = keep(client)
      since()
      const { setCookies, body } = await client.get('/renew')
      assert.equal(setCookies.length, 1)
      assert.notEqual(keep(client), before)
      assert.ok(keep(client).includes(body))
      assert.deepEqual(since(), ['renewed'])
      assert.equal((await client.get('/')).body, '{"user":"ann","role":"admin"}')
      assert.equal((await client.get('/', { cookie: before })).body, '{}')
    })

    it(`kills the old id at once, before the response, in ${kind}`, async (t) => {
      const store = make()
      const rows = () => (store.rows ? [...store.rows.keys()] : Object.keys(store.sessions))
      let during: string[] = []
      const { client } = await ours(
        t,
        { store },
        {
          '/renew': async (req, res) => {
            await req.session.renewId()
            during = rows()
            res.end(req.sessionID)
          },
        },
      )
      await client.get('/put?user=ann')
      const { body } = await client.get('/renew')
      assert.deepEqual(during, [body])
    })

    it(`keeps a request that held the old id from writing it, in ${kind}`, async (t) => {
      let open = () => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      let entered = () => {}
      const started = new Promise<void>((resolve) => {
        entered = resolve
      })
      const { client, since } = await ours(
        t,
        { store: make() },
        {
          ...renew,
          '/slow': async (req, res) => {
            entered()
            await opened
            req.session.late = true
            res.end('slow')
          },
        },
      )
      await client.get('/put?user=ann')
      const old = keep(client)
      const slow = client.twin().get('/slow')
      await started
      await client.get('/renew')
      since()
      open()
      assert.equal((await slow).status, 200)
      assert.deepEqual(since(), ['interrupted'])
      assert.equal((await client.get('/', { cookie: old })).body, '{}')
      assert.equal((await client.get('/')).body, '{"user":"ann","role":"admin"}')
    })

    it(`takes along what other requests saved meanwhile, in ${kind}`, async (t) => {
      const { client } = await ours(
        t,
        { store: make() },
        {
          '/renew': async (req, res) => {
            await client.twin().get('/put?other=1')
            req.session.mine = 1
            await req.session.renewId()
            res.end(JSON.stringify(req.session.other ?? null))
          },
        },
      )
      await client.get('/put?user=ann')
      assert.equal((await client.get('/renew')).body, '"1"')
      assert.deepEqual(JSON.parse((await client.get('/')).body), { user: 'ann', mine: 1, other: '1' })
    })

    it(`of a session that is not saved yet only changes its id, in ${kind}`, async (t) => {
      const { client } = await ours(t, { store: make() }, renew)
      const { body } = await client.get('/renew')
      assert.ok(keep(client).includes(body))
      assert.equal((await client.get('/')).body, '{"role":"admin"}')
    })

    it(`of a session that was ended meanwhile fails with a code, in ${kind}`, async (t) => {
      const failures: any[] = []
      const { client } = await ours(
        t,
        { store: make() },
        {
          '/destroy': async (req, res) => {
            await req.session.destroy()
            res.end()
          },
          '/renew': async (req, res) => {
            await client.twin().get('/destroy')
            await req.session.renewId().catch((error: unknown) => failures.push(error))
            res.end()
          },
        },
      )
      await client.get('/put?user=ann')
      const { status } = await client.get('/renew')
      assert.equal(status, 200)
      assert.equal(failures[0]?.code, 'ERR_SESSION_GONE')
    })

    it(`may be called twice, in ${kind}`, async (t) => {
      const store = make()
      const { client } = await ours(
        t,
        { store },
        {
          '/twice': async (req, res) => {
            await req.session.renewId()
            await req.session.renewId()
            res.end(req.sessionID)
          },
        },
      )
      await client.get('/put?user=ann')
      const { body } = await client.get('/twice')
      assert.deepEqual(store.rows ? [...store.rows.keys()] : Object.keys(store.sessions), [body])
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
    })
  }

  it('takes a callback too', async (t) => {
    const { client } = await ours(
      t,
      {},
      {
        '/renew': (req, res) => {
          const same = req.session.renewId((error: unknown) =>
            res.end(JSON.stringify([error ?? null, same === req.session])),
          )
        },
      },
    )
    await client.get('/put')
    assert.equal((await client.get('/renew')).body, '[null,true]')
  })
})
