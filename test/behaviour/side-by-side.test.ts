import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BackedStore } from '../../lib/store/backed-store'
import type { Handler } from '../support/app'
import { turns } from '../support/clock'
import { LaterBackend } from '../support/map-backend'
import { type Ours, ours, STORES, session } from './ours'

const ALL: typeof STORES = [
  ...STORES,
  ['a backend that answers later', () => new BackedStore(new LaterBackend())],
]

const increment = (req: any) =>
  session.update(req, async (data: any) => {
    await turns(1)
    data.n = (data.n ?? 0) + 1
  })

for (const [kind, make] of ALL) {
  describe(`methods that a handler calls without waiting, in ${kind}`, () => {
    const visit = async (t: any, work: (req: any) => unknown): Promise<Ours & { seen: any }> => {
      const seen: any = {}
      const handler: Handler = async (req, res) => {
        seen.session = req.session
        seen.id = req.session.id
        await work(req)
        res.end()
      }
      const app = await ours(t, { store: make() }, { '/work': handler })
      return Object.assign(app, { seen })
    }

    it('save a new session once', async (t) => {
      const { client, since, seen } = await visit(t, async (req) => {
        req.session.user = 'ann'
        await Promise.all([req.session.save(), req.session.save()])
        assert.equal(req.session.id, seen.id)
      })
      await client.get('/work')
      assert.deepEqual(since(), ['created', 'saved'])
    })

    it('lose no update of a new session', async (t) => {
      const { client } = await visit(t, (req) => {
        req.session.user = 'ann'
        return Promise.all([req.session.save(), increment(req), increment(req)])
      })
      await client.get('/work')
      assert.equal((await client.get('/')).body, '{"user":"ann","n":2}')
    })

    it('leave nothing of a session that is saved and then destroyed', async (t) => {
      const { client, since, seen } = await visit(t, ({ session }) => {
        session.user = 'ann'
        return Promise.all([session.save(), session.destroy()])
      })
      await client.get('/work')
      assert.deepEqual(since(), ['created', 'destroyed'])
      assert.equal(
        await new Promise((resolve) =>
          seen.session.req.sessionStore.get(seen.id, (_: any, s: any) => resolve(s ?? null)),
        ),
        null,
      )
    })

    it('renew the id twice, and the visitor stays', async (t) => {
      const { client, since } = await visit(t, ({ session }) =>
        Promise.all([session.renewId(), session.renewId()]),
      )
      await client.get('/put?user=ann')
      since()
      await client.get('/work')
      assert.deepEqual(since(), ['renewed', 'renewed'])
      assert.equal((await client.get('/')).body, '{"user":"ann"}')
    })

    for (const verb of ['update', 'save', 'renewId', 'destroy'] as const) {
      it(`${verb} inside the function of an update is refused, and nothing is written`, async (t) => {
        const { client, since } = await visit(t, async (req) => {
          const own = req.session
          const inside = async (data: any) => {
            data.n = 1
            await turns(1)
            await (verb === 'update' ? increment(req) : own[verb]())
          }
          await assert.rejects(session.update(req, inside), { code: 'ERR_SESSION_USAGE' })
        })
        await client.get('/put?user=ann')
        since()
        await client.get('/work')
        assert.deepEqual(since(), [])
        assert.equal((await client.get('/')).body, '{"user":"ann"}')
      })
    }

    it('what the function of an update has begun may call methods when the update is done', async (t) => {
      const { client } = await visit(t, async (req) => {
        let later: Promise<unknown> | undefined
        await session.update(req, (data: any) => {
          data.n = 1
          later = turns(3).then(() => increment(req))
        })
        await later
      })
      await client.get('/work')
      assert.equal((await client.get('/')).body, '{"n":2}')
    })
  })
}
