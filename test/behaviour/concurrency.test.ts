import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Handler } from '../support/app'
import { keep, ours, STORES, session } from './ours'

/** Runs another request of the same session between this one's load and its end. */
function meanwhile(other: () => Promise<unknown>, change: (session: any) => void): Handler {
  return async (req, res) => {
    await other()
    change(req.session)
    res.end('done')
  }
}

describe('concurrency', () => {
  for (const [kind, make] of STORES) {
    for (const concurrency of [undefined, 'merge'] as const) {
      it(`${concurrency ?? 'by default'}: changes of different keys are merged, in ${kind}`, async (t) => {
        const app = await ours(
          t,
          { store: make(), concurrency },
          {
            '/change': meanwhile(
              () => app.client.twin().get('/put?theirs=1&both=theirs'),
              (session) => {
                session.mine = 1
                session.both = 'mine'
                delete session.user
              },
            ),
          },
        )
        await app.client.get('/put?user=ann&kept=1')
        app.since()
        assert.equal((await app.client.get('/change')).status, 200)
        assert.deepEqual(
          app.told.slice(-2).map(([, event]) => event.merged),
          [false, true],
        )
        const data = JSON.parse((await app.client.get('/')).body)
        assert.deepEqual(data, { kept: '1', theirs: '1', mine: 1, both: 'mine' })
      })
    }

    it(`merge: a removal by another request stays a removal, in ${kind}`, async (t) => {
      const app = await ours(
        t,
        { store: make() },
        {
          '/remove': (req, res) => {
            delete req.session.user
            res.end()
          },
          '/change': meanwhile(
            () => app.client.twin().get('/remove'),
            (session) => {
              session.mine = 1
            },
          ),
        },
      )
      await app.client.get('/put?user=ann&kept=1')
      await app.client.get('/change')
      assert.deepEqual(JSON.parse((await app.client.get('/')).body), { kept: '1', mine: 1 })
    })

    it(`merge: keys are merged whole, never deeper, in ${kind}`, async (t) => {
      const cart =
        (name: string): Handler =>
        (req, res) => {
          req.session.cart = { ...req.session.cart, [name]: 1 }
          res.end()
        }
      const app = await ours(
        t,
        { store: make() },
        {
          '/theirs': cart('theirs'),
          '/change': async (req, res, next) => {
            await app.client.twin().get('/theirs')
            cart('mine')(req, res, next)
          },
        },
      )
      await app.client.get('/put?user=ann')
      await app.client.get('/change')
      assert.deepEqual(JSON.parse((await app.client.get('/')).body), { user: 'ann', cart: { mine: 1 } })
    })

    it(`what a write replaces of another request's is told, in ${kind}`, async (t) => {
      const both = (concurrency: 'merge' | 'overwrite') =>
        ours(
          t,
          { store: make(), concurrency },
          {
            '/change': async (req, res) => {
              await twinOf(concurrency).get('/put?cart=theirs&same=1&theirs=1&gone=theirs')
              Object.assign(req.session, { cart: 'mine', same: '1', mine: 1 })
              delete req.session.gone
              res.end()
            },
            '/update': async (req, res) => {
              await twinOf(concurrency).get('/put?cart=theirs-again')
              req.session.cart = 'mine-again'
              await session.update(req, (data: any) => {
                data.theirs = 'seen'
              })
              res.end()
            },
          },
        )
      const apps = { merge: await both('merge'), overwrite: await both('overwrite') }
      const twinOf = (which: 'merge' | 'overwrite') => apps[which].client.twin()
      for (const [which, more] of [
        ['merge', []],
        ['overwrite', ['theirs']],
      ] as const) {
        const { client, told } = apps[which]
        const overwritten = () => told.splice(0).flatMap(([, event]) => event.overwritten ?? [])
        await client.get('/put?user=ann&gone=1')
        assert.deepEqual(overwritten(), [])
        await client.get('/change')
        assert.deepEqual(overwritten().sort(), ['cart', 'gone', ...more].sort(), which)
        await client.get('/update')
        assert.deepEqual(overwritten(), ['cart'])
        assert.equal(JSON.parse((await client.get('/')).body).cart, 'mine-again')
      }
    })

    it(`merge: several commits of one request each bring their own change, in ${kind}`, async (t) => {
      const app = await ours(
        t,
        { store: make() },
        {
          '/stream': async (req, res) => {
            req.session.first = 1
            await req.session.save()
            await app.client.twin().get('/put?theirs=1')
            req.session.second = 2
            await req.session.save()
            await app.client.twin().get('/put?theirs=2')
            req.session.third = 3
            res.end()
          },
        },
      )
      await app.client.get('/put?user=ann')
      await app.client.get('/stream')
      const data = JSON.parse((await app.client.get('/')).body)
      assert.deepEqual(data, { user: 'ann', first: 1, theirs: '2', second: 2, third: 3 })
    })

    it(`overwrite: the last one to write wins with all it has, in ${kind}`, async (t) => {
      const app = await ours(
        t,
        { store: make(), concurrency: 'overwrite' },
        {
          '/change': meanwhile(
            () => app.client.twin().get('/put?theirs=1'),
            (session) => {
              session.mine = 1
            },
          ),
        },
      )
      await app.client.get('/put?user=ann')
      await app.client.get('/change')
      assert.deepEqual(JSON.parse((await app.client.get('/')).body), { user: 'ann', mine: 1 })
    })

    it(`overwrite: an unchanged session overwrites nothing, in ${kind}`, async (t) => {
      for (const resave of [false, true]) {
        const app = await ours(
          t,
          { store: make(), concurrency: 'overwrite', resave },
          {
            '/read': meanwhile(
              () => app.client.twin().get('/put?theirs=1'),
              () => {},
            ),
          },
        )
        await app.client.get('/put?user=ann')
        await app.client.get('/read')
        assert.deepEqual(JSON.parse((await app.client.get('/')).body), { user: 'ann', theirs: '1' })
      }
    })

    it(`overwrite: a destroyed session is not brought back, in ${kind}`, async (t) => {
      const app = await ours(
        t,
        { store: make(), concurrency: 'overwrite' },
        {
          '/destroy': (req, res) => req.session.destroy(() => res.end()),
          '/change': meanwhile(
            () => app.client.twin().get('/destroy'),
            (session) => {
              session.mine = 1
            },
          ),
        },
      )
      await app.client.get('/put?user=ann')
      const cookie = keep(app.client)
      await app.client.get('/change')
      assert.ok(app.since().includes('interrupted'))
      assert.equal((await app.client.get('/', { cookie })).body, '{}')
    })

    it(`reject: the second one gets an error, and nothing of it is written, in ${kind}`, async (t) => {
      const app = await ours(
        t,
        { store: make(), concurrency: 'reject' },
        {
          '/change': meanwhile(
            () => app.client.twin().get('/put?theirs=1'),
            (session) => {
              session.mine = 1
            },
          ),
          '/read': meanwhile(
            () => app.client.twin().get('/put?theirs=2'),
            () => {},
          ),
        },
      )
      await app.client.get('/put?user=ann')
      const { status, body } = await app.client.get('/change')
      assert.equal(status, 500)
      assert.match(body, /ERR_SESSION_CONFLICT/)
      assert.equal((await app.client.get('/read')).status, 200)
      assert.deepEqual(JSON.parse((await app.client.get('/')).body), { user: 'ann', theirs: '2' })
    })

    it(`a request without a change never conflicts with a destroyed session, in ${kind}`, async (t) => {
      const app = await ours(
        t,
        { store: make() },
        {
          '/destroy': (req, res) => req.session.destroy(() => res.end()),
          '/read': meanwhile(
            () => app.client.twin().get('/destroy'),
            () => {},
          ),
        },
      )
      await app.client.get('/put?user=ann')
      const cookie = keep(app.client)
      app.since()
      assert.equal((await app.client.get('/read')).status, 200)
      assert.deepEqual(app.since(), ['destroyed'])
      assert.equal((await app.client.get('/', { cookie })).body, '{}')
    })
  }
})
