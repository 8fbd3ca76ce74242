import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Handler } from '../support/app'
import { stopClock } from '../support/clock'
import { sojourn } from '../support/kits'
import { serveWith, showData } from '../support/session-app'
import { idOf, keep, odd, ours, STORES, session } from './ours'

const MINUTE = 60_000

const regenerate: Handler = async (req, res) => {
  await req.session.regenerate()
  req.session.user = 'bob'
  res.end()
}
const renew: Handler = async (req, res) => {
  await req.session.renewId()
  res.end()
}

/** Also one that keeps and hands out the live session, as connect-loki does. */
const KINDS = [...STORES, ['a store that keeps the live session', () => new odd.LiveStore()] as const]

describe('idleTimeout', () => {
  for (const [kind, make] of KINDS) {
    it(`ends a session after a pause, whatever its cookie says, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      for (const maxAge of [null, 100 * MINUTE]) {
        const { client } = await ours(t, { store: make(), idleTimeout: 10 * MINUTE, cookie: { maxAge } })
        await client.get('/put?user=ann')
        for (let i = 0; i < 5; i++) {
          clock.advance(9 * MINUTE)
          assert.equal((await client.get('/')).body, '{"user":"ann"}', `after ${i} pauses`)
        }
        clock.advance(10 * MINUTE + 1)
        assert.equal((await client.get('/')).body, '{}')
      }
    })

    it(`counts from the last change too, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const { client } = await ours(t, { store: make(), idleTimeout: 10 * MINUTE })
      await client.get('/put?user=ann')
      clock.advance(9 * MINUTE)
      await client.get('/put?user=bob')
      clock.advance(9 * MINUTE)
      assert.equal((await client.get('/')).body, '{"user":"bob"}')
      clock.advance(10 * MINUTE + 1)
      assert.equal((await client.get('/')).body, '{}')
    })

    it(`a session that has ended is not brought back by its cookie, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const { client } = await ours(t, { store: make(), idleTimeout: MINUTE })
      await client.get('/put?user=ann')
      const cookie = keep(client)
      clock.advance(MINUTE + 1)
      assert.equal((await client.get('/', { cookie })).body, '{}')
      await client.get('/put?user=eve', { cookie })
      assert.equal((await client.get('/', { cookie })).body, '{}', 'the id is not used again')
    })

    it(`a session kept alive by touches lives through a restart, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const store = make()
      const options = { store, idleTimeout: 10 * MINUTE }
      const first = await ours(t, options)
      await first.client.get('/put?user=ann')
      clock.advance(9 * MINUTE)
      await first.client.get('/')
      clock.advance(9 * MINUTE)
      const restarted = (await serveWith(sojourn, t, options, showData)).client()
      assert.equal((await restarted.get('/', { cookie: keep(first.client) })).body, '{"user":"ann"}')
    })
  }

  it('tells when it ends a session that a store of others would keep', async (t) => {
    const clock = stopClock(t)
    const store = new odd.PlainStore()
    const { client, told } = await ours(t, { store, idleTimeout: MINUTE })
    await client.get('/put?user=ann')
    clock.advance(MINUTE)
    await client.get('/')
    const [, event] = told.find(([name]) => name === 'expired') ?? []
    assert.equal(event?.because, 'idle')
    assert.equal(store.rows.size, 0, 'the record is removed')
  })

  it('counts from now for records that express-session has written', async (t) => {
    const clock = stopClock(t)
    const store = new odd.PlainStore()
    const { client } = await ours(t, { store, genid: () => 'id', idleTimeout: 10 * MINUTE })
    await client.get('/put?user=ann')
    store.rows.set(
      'id',
      '{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"user":"old"}',
    )
    assert.equal((await client.get('/')).body, '{"user":"old"}')
    clock.advance(9 * MINUTE)
    assert.equal((await client.get('/')).body, '{"user":"old"}')
    clock.advance(10 * MINUTE + 1)
    assert.equal((await client.get('/')).body, '{}')
  })
})

describe('absoluteTimeout', () => {
  for (const [kind, make] of KINDS) {
    it(`ends a session at its age, whatever happens, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      for (const maxAge of [null, 10 * MINUTE]) {
        const { client } = await ours(t, {
          ...{ store: make(), absoluteTimeout: 60 * MINUTE, idleTimeout: 30 * MINUTE },
          ...{ rolling: true, cookie: { maxAge } },
        })
        await client.get('/put?n=0')
        for (let i = 1; i < 12; i++) {
          clock.advance(5 * MINUTE)
          await client.get(i % 2 ? '/' : `/put?n=${i}`)
        }
        assert.equal((await client.get('/')).body, '{"n":"10"}')
        clock.advance(5 * MINUTE)
        assert.equal((await client.get('/')).body, '{}')
      }
    })

    it(`counts on through renewId, and anew after regenerate, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const options = { store: make(), absoluteTimeout: 60 * MINUTE }
      const { client, visitor } = await ours(t, options, { '/renew': renew, '/regenerate': regenerate })
      const other = visitor()
      await client.get('/put?user=ann')
      await other.get('/put?user=eve')
      clock.advance(40 * MINUTE)
      await client.get('/renew')
      await other.get('/regenerate')
      clock.advance(19 * MINUTE)
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
      clock.advance(MINUTE)
      assert.equal((await client.get('/')).body, '{}')
      assert.equal((await other.get('/')).body, '{"user":"bob"}')
      clock.advance(40 * MINUTE)
      assert.equal((await other.get('/')).body, '{}')
    })

    it(`holds for sessions that are older than the option, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const store = make()
      const { client, visitor } = await ours(t, { store })
      const other = visitor()
      await client.get('/put?user=ann')
      await other.get('/put?user=eve')
      clock.advance(50 * MINUTE)
      const after = await ours(t, { store, absoluteTimeout: 60 * MINUTE })
      const get = (cookie: string) => after.client.get('/', { cookie })
      assert.equal((await get(keep(client))).body, '{"user":"ann"}')
      clock.advance(10 * MINUTE)
      assert.equal((await get(keep(client))).body, '{}')
      // Nobody has moved the deadline of this one: what its record holds ends it.
      assert.equal((await get(keep(other))).body, '{}')
      const expired = after.told.filter(([name]) => name === 'expired')
      assert.equal(expired.at(-1)?.[1].because, 'absolute')
    })

    it(`is not put off by the cookie of one session, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const { client } = await ours(
        t,
        { store: make(), absoluteTimeout: 60 * MINUTE },
        {
          '/long': (req, res) => {
            req.session.cookie.maxAge = 1000 * MINUTE
            req.session.n = 1
            res.end()
          },
        },
      )
      await client.get('/long')
      clock.advance(60 * MINUTE)
      assert.equal((await client.get('/')).body, '{}')
    })
  }
})

describe('touchAfter', () => {
  const touches = async (t: any, store: any, options: object, waits: number[]) => {
    const clock = stopClock(t)
    let touched = 0
    if (store instanceof session.MemoryStore) {
      const { backend } = store
      const { extend } = backend
      backend.extend = (...args: unknown[]) => {
        touched++
        return extend.apply(backend, args)
      }
    }
    const { client } = await ours(t, { store, ...options })
    await client.get('/put?user=ann')
    const counts: number[] = []
    for (const wait of waits) {
      clock.advance(wait)
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
      counts.push(store.count ? store.count('touch') : touched)
    }
    return counts
  }
  const cookie = { maxAge: 100 * MINUTE }

  it('by default our stores move a deadline when it lags by a hundredth, at most a minute', async (t) => {
    const counts = await touches(t, new session.MemoryStore(), { cookie }, [
      MINUTE - 1000,
      1000,
      1000,
      MINUTE,
    ])
    assert.deepEqual(counts, [0, 0, 1, 1])
    t.mock.timers.reset()
    const short = await touches(t, new session.MemoryStore(), { cookie: { maxAge: 10_000 } }, [100, 1, 99, 2])
    assert.deepEqual(short, [0, 1, 1, 2])
  })

  it('by default other stores are touched by each request, as in express-session', async (t) => {
    assert.deepEqual(await touches(t, new odd.PlainStore(), { cookie }, [1, 1, 1]), [1, 2, 3])
  })

  for (const [kind, make] of KINDS) {
    it(`says by how much a deadline may lag, in ${kind}`, async (t) => {
      const options = { cookie, touchAfter: 5 * MINUTE }
      const counts = await touches(t, make(), options, [4 * MINUTE, MINUTE, 1, 5 * MINUTE, 1])
      assert.deepEqual(counts, [0, 0, 1, 1, 2])
    })

    it(`0 moves the deadline with each request, in ${kind}`, async (t) => {
      assert.deepEqual(await touches(t, make(), { cookie, touchAfter: 0 }, [1, 1]), [1, 2])
    })
  }

  it('without any end there is nothing to move in our stores', async (t) => {
    assert.deepEqual(await touches(t, new session.MemoryStore(), {}, [1, 1000 * MINUTE]), [0, 0])
  })

  it('a shorter life moves the deadline at once', async (t) => {
    const clock = stopClock(t)
    const store = new session.MemoryStore()
    const { client } = await ours(t, { store, cookie })
    await client.get('/put?user=ann')
    const shorter = await ours(t, { store, cookie: { maxAge: MINUTE } })
    assert.equal((await shorter.client.get('/', { cookie: keep(client) })).body, '{"user":"ann"}')
    clock.advance(MINUTE)
    assert.equal(await store.get(idOf(client)), null)
  })
})

describe('the age of a session', () => {
  const MAX = 60 * MINUTE
  for (const [kind, make] of KINDS) {
    it(`stays when a handler makes the cookie anew, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const { client } = await ours(
        t,
        { store: make(), absoluteTimeout: MAX },
        {
          '/class': (req, res) => {
            req.session.cookie = new session.Cookie({ maxAge: 30 * MINUTE, path: '/' })
            req.session.n = 1
            res.end()
          },
          '/plain': (req, res) => {
            req.session.cookie = { maxAge: 20 * MINUTE }
            req.session.n = 2
            res.end()
          },
        },
      )
      await client.get('/put?user=ann')
      for (let i = 0; i < 11; i++) {
        clock.advance(5 * MINUTE)
        await client.get(i % 2 ? '/class' : '/plain')
      }
      assert.match((await client.get('/')).body, /ann/)
      clock.advance(5 * MINUTE)
      assert.equal((await client.get('/')).body, '{}')
    })
  }

  for (const [kind, make] of STORES) {
    it(`that a record does not tell begins with the first request, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const store = make()
      const { client } = await ours(t, { store, absoluteTimeout: MAX })
      await client.get('/put?user=ann')
      const theirs =
        '{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"user":"old"}'
      if (store.rows) {
        store.rows.set(idOf(client), theirs)
        // As stores that move no more than the time to live.
        store.touch = (_sid: string, _session: unknown, done: any) => setImmediate(done)
      } else store.sessions[idOf(client)] = theirs
      for (let i = 0; i < 12; i++) {
        assert.equal((await client.get('/')).body, '{"user":"old"}')
        clock.advance(5 * MINUTE)
      }
      assert.equal((await client.get('/')).body, '{}')
    })
  }
})
