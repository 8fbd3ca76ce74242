import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Handler } from '../support/app'
import { turns } from '../support/clock'
import { idOf, keep, odd, ours, STORES, session } from './ours'

const increment: Handler = async (req, res) => {
  await session.update(req, async (data: any) => {
    const before = data.n ?? 0
    await turns(1)
    data.n = before + 1
  })
  res.end(String(req.session.n))
}

const MORE_STORES = [
  ...STORES,
  ['SlowStore', () => new odd.SlowStore({ get: 1, set: 1 })],
  ['SyncStore', () => new odd.SyncStore()],
  ['NoTouchStore', () => new odd.NoTouchStore()],
  ['LiveStore', () => new odd.LiveStore()],
] as const

describe('update(req, change)', () => {
  for (const [kind, make] of MORE_STORES) {
    it(`50 increments side by side make 50, in ${kind}`, async (t) => {
      const { client } = await ours(t, { store: make() }, { '/increment': increment })
      await client.get('/put?user=ann')
      await Promise.all(Array.from({ length: 50 }, () => client.get('/increment')))
      assert.equal((await client.get('/')).body, '{"user":"ann","n":50}')
    })
  }

  for (const [kind, make] of STORES) {
    it(`works among requests that change other keys, in ${kind}`, async (t) => {
      const { client } = await ours(t, { store: make() }, { '/increment': increment })
      await client.get('/put?user=ann')
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => client.get(i % 2 ? '/increment' : `/put?key${i}=1`)),
      )
      const data = JSON.parse((await client.get('/')).body)
      assert.equal(data.n, 20)
      assert.equal(Object.keys(data).length, 22)
    })

    it(`gives what change returns, and takes along what the request has changed, in ${kind}`, async (t) => {
      const { client, since } = await ours(
        t,
        { store: make() },
        {
          '/pay': async (req, res) => {
            req.session.before = 1
            const left = await session.update(req, (data: any) => {
              assert.equal(data.before, 1)
              data.balance = Number(data.balance) - 30
              delete data.coupon
              return data.balance
            })
            assert.equal(req.session.balance, left)
            assert.equal(req.session.coupon, undefined)
            req.session.after = 1
            res.end(String(left))
          },
        },
      )
      await client.get('/put?balance=100&coupon=x')
      since()
      assert.equal((await client.get('/pay')).body, '70')
      assert.deepEqual(since(), ['saved', 'saved'])
      assert.deepEqual(JSON.parse((await client.get('/')).body), { balance: 70, before: 1, after: 1 })
    })

    it(`change sees what others have saved meanwhile, in ${kind}`, async (t) => {
      const { client } = await ours(
        t,
        { store: make() },
        {
          '/late': async (req, res) => {
            await client.twin().get('/put?n=41')
            await session.update(req, (data: any) => {
              data.n = Number(data.n) + 1
            })
            res.end(String(req.session.n))
          },
        },
      )
      await client.get('/put?n=1')
      assert.equal((await client.get('/late')).body, '42')
    })

    it(`a change that throws leaves everything as it was, in ${kind}`, async (t) => {
      const { client } = await ours(
        t,
        { store: make() },
        {
          '/throw': async (req, res) => {
            await session
              .update(req, (data: any) => {
                data.user = 'eve'
                throw new Error('no')
              })
              .catch((error: Error) => res.end(`${error.message}, ${req.session.user}`))
          },
          '/increment': increment,
        },
      )
      await client.get('/put?user=ann')
      assert.equal((await client.get('/throw')).body, 'no, ann')
      await client.get('/increment')
      assert.equal((await client.get('/')).body, '{"user":"ann","n":1}')
    })

    it(`creates a session that is new, in ${kind}`, async (t) => {
      const { client, since } = await ours(t, { store: make() }, { '/increment': increment })
      assert.equal((await client.get('/increment')).body, '1')
      assert.deepEqual(since(), ['created'])
      assert.equal((await client.get('/')).body, '{"n":1}')
    })

    it(`of a session that was ended meanwhile fails with a code and writes nothing, in ${kind}`, async (t) => {
      const codes: string[] = []
      const { client } = await ours(
        t,
        { store: make() },
        {
          '/destroy': async (req, res) => {
            await req.session.destroy()
            res.end()
          },
          '/late': async (req, res) => {
            await client.twin().get('/destroy')
            await session.update(req, () => {}).catch((error: any) => codes.push(error.code))
            res.end()
          },
        },
      )
      await client.get('/put?user=ann')
      const cookie = keep(client)
      await client.get('/late')
      assert.deepEqual(codes, ['ERR_SESSION_GONE'])
      assert.equal((await client.get('/', { cookie })).body, '{}')
    })
  }

  it('runs change again when another process has written meanwhile', async (t) => {
    const store = new session.MemoryStore()
    const seen: number[] = []
    const { client } = await ours(
      t,
      { store },
      {
        '/update': async (req, res) => {
          await session.update(req, (data: any) => {
            seen.push(data.n)
            if (seen.length < 3) {
              const id = req.sessionID
              store.sessions[id] = store.sessions[id].replace(/"n":\d+/, `"n":${seen.length * 10}`)
            }
            data.n++
          })
          res.end()
        },
        '/one': (req, res) => {
          req.session.n = 1
          res.end()
        },
      },
    )
    await client.get('/one')
    await client.get('/update')
    assert.deepEqual(seen, [1, 10, 20])
    assert.equal(JSON.parse(store.sessions[idOf(client)]).n, 21)
  })

  it('of a request without a session, or that never met the middleware, fails with a code', async (t) => {
    await assert.rejects(
      session.update({}, () => {}),
      { code: 'ERR_SESSION_USAGE' },
    )
    const { client } = await ours(
      t,
      {},
      {
        '/unset': async (req, res) => {
          req.session = null
          await session.update(req, () => {}).catch((error: any) => res.end(error.code))
        },
      },
    )
    assert.equal((await client.get('/unset')).body, 'ERR_SESSION_USAGE')
  })
})
