import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Handler } from '../support/app'
import { stopClock, turns } from '../support/clock'
import { keep, odd, ours, session } from './ours'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Ends sessions with their cookies, as stores in use do. */
class ExpiringStore extends odd.PlainStore {
  override read(sid: string): any {
    const row = super.read(sid)
    return row && Date.parse(row.cookie.expires) > Date.now() ? row : undefined
  }
}

const STORES: Array<[kind: string, make: () => any]> = [
  ['MemoryStore', () => new session.MemoryStore()],
  ['a store of others', () => new ExpiringStore()],
]

/** What a long request does with its session at last. */
const ENDINGS: Array<[words: string, last: Handler]> = [
  [
    'its end',
    (req, res) => {
      req.session.late = 1
      res.end()
    },
  ],
  [
    'save()',
    async (req, res) => {
      req.session.late = 1
      await req.session.save()
      res.end()
    },
  ],
  [
    'update()',
    async (req, res) => {
      await session.update(req, (data: any) => {
        data.late = 1
      })
      res.end()
    },
  ],
  [
    'a client that leaves',
    async (req, res) => {
      req.session.late = 1
      res.destroy()
      await turns(5)
    },
  ],
]

describe('a long request does not log out a visitor who was active meanwhile', () => {
  for (const [kind, make] of STORES) {
    for (const [words, last] of ENDINGS) {
      it(`by ${words}, in ${kind}`, async (t) => {
        const clock = stopClock(t)
        const app = await ours(
          t,
          { store: make(), cookie: { maxAge: HOUR } },
          {
            '/long': async (req, res, next) => {
              req.session.early = 1
              await req.session.save()
              res.write('begun')
              clock.advance(50 * MINUTE)
              // Another tab of the same visitor.
              await app.client.twin().get('/')
              await last(req, res, next)
            },
          },
        )
        await app.client.get('/put?user=ann')
        const cookie = keep(app.client)
        await app.client.get('/long').catch(() => {})
        await turns(5)
        clock.advance(20 * MINUTE)
        const data = (await app.client.get('/', { cookie })).body
        assert.deepEqual(JSON.parse(data), { user: 'ann', early: 1, late: 1 })
      })
    }

    it(`and a shorter life that it sets itself is obeyed, in ${kind}`, async (t) => {
      const clock = stopClock(t)
      const app = await ours(
        t,
        { store: make(), cookie: { maxAge: HOUR } },
        {
          '/short': async (req, res) => {
            req.session.early = 1
            await req.session.save()
            clock.advance(MINUTE)
            req.session.cookie.maxAge = 5 * MINUTE
            clock.advance(MINUTE)
            res.end()
          },
        },
      )
      await app.client.get('/put?user=ann')
      const cookie = keep(app.client)
      await app.client.get('/short')
      clock.advance(4 * MINUTE + 1)
      assert.equal((await app.client.get('/', { cookie })).body, '{}')
    })
  }
})
