/** Whose sessions are whose: listing them, ending them, and how many there may be. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OwnerLimit } from '../../lib/store/owners'
import type { Handler } from '../support/app'
import { overOurStores } from '../support/our-stores'
import { gate } from '../support/session-app'
import { dataOf, idOf, visits } from '../support/visits'

const owner = (data: Record<string, unknown>) => data['user'] as string | undefined

const login: Handler = async (req, res) => {
  await req.session.regenerate()
  req.session.user = 'ann'
  res.end('in')
}

const limited = (max: number, overflow: 'evict' | 'refuse'): OwnerLimit => ({ max, overflow })

describe('sessions of a user', () => {
  overOurStores('an owner', (place) => {
    test('has the sessions that were saved in his name, and no others', async (t) => {
      const store = place(t).open({ owner })
      const app = await visits(t, store)
      const [ann] = [await app.visitor('user=ann&device=desk'), await app.visitor('user=ann&device=phone')]
      await app.visitor('user=bob')
      await app.visitor('nobody=1')
      const sessions = await store.sessionsOf('ann')
      assert.deepEqual(sessions.map(({ data }) => data['device']).sort(), ['desk', 'phone'])
      for (const { data, createdAt, expiresAt } of sessions) {
        assert.equal(data['cookie'], undefined)
        assert.ok(createdAt !== undefined && Math.abs(Date.now() - createdAt) < 60_000)
        assert.ok(expiresAt > Date.now())
      }
      const own = sessions.find(({ fingerprint }) => fingerprint === store.fingerprintOf(idOf(ann)))
      assert.equal(own?.data['device'], 'desk')
      await ann.get('/put?user=bob')
      assert.equal((await store.sessionsOf('ann')).length, 1)
      assert.equal((await store.sessionsOf('bob')).length, 2)
      await ann.get('/out')
      assert.equal((await store.sessionsOf('bob')).length, 1)
      assert.deepEqual(await store.sessionsOf('nobody'), [])
    })

    test('ends one session by its key, all but one, or all', async (t) => {
      const store = place(t).open({ owner, hashIds: true })
      const app = await visits(t, store)
      const [desk, phone, tablet, bob] = [
        await app.visitor('user=ann&device=desk'),
        await app.visitor('user=ann&device=phone'),
        await app.visitor('user=ann&device=tablet'),
        await app.visitor('user=bob'),
      ]
      const { key = '' } =
        (await store.sessionsOf('ann')).find(({ data }) => data['device'] === 'phone') ?? {}
      assert.equal(await store.revoke(key), true)
      assert.equal(await store.revoke(key), false)
      assert.deepEqual(await dataOf(phone), {})
      assert.equal(await store.revokeOwner('ann', { except: idOf(desk) }), 1)
      assert.deepEqual(await dataOf(tablet), {})
      assert.equal((await dataOf(desk)).device, 'desk')
      assert.equal(await store.revokeOwner('ann'), 1)
      assert.deepEqual(await dataOf(desk), {})
      assert.deepEqual(await dataOf(bob), { user: 'bob' })
    })

    test('ends a session for good, though a request of it is under way', async (t) => {
      const store = place(t).open({ owner })
      const [entered, leave] = [gate(), gate()]
      const app = await visits(t, store, {
        '/slow': async (req, res) => {
          entered.open()
          await leave.opened
          req.session.late = true
          res.end()
        },
      })
      const ann = await app.visitor('user=ann')
      const slow = ann.twin()
      t.after(() => slow.stop())
      const under = slow.get('/slow')
      await entered.opened
      assert.equal(await store.revokeOwner('ann'), 1)
      leave.open()
      await under
      assert.ok(app.told.includes('interrupted'))
      assert.deepEqual(await dataOf(ann), {})
      assert.deepEqual(await store.sessionsOf('ann'), [])
    })

    test('who has too many sessions loses those whose end is nearest', async (t) => {
      const store = place(t).open({ owner, maxPerOwner: limited(2, 'evict') })
      const app = await visits(t, store, {
        '/login': async (req, res) => {
          await req.session.regenerate()
          req.session.user = 'ann'
          req.session.cookie.maxAge = Number(req.headers['x-minutes']) * 60_000
          res.end('in')
        },
      })
      const devices = []
      for (const minutes of [30, 10, 20]) {
        const device = app.stranger()
        await device.get('/login', { headers: { 'x-minutes': String(minutes) } })
        devices.push(device)
      }
      const users = []
      for (const device of devices) users.push((await dataOf(device)).user)
      assert.deepEqual(users, ['ann', undefined, 'ann'])
      // A further request of a session that is there is no further session.
      await devices[0]?.get('/put?more=1')
      assert.equal((await store.sessionsOf('ann')).length, 2)
    })

    test('who may have no more is refused, until one has ended', async (t) => {
      const store = place(t).open({ owner, maxPerOwner: limited(2, 'refuse') })
      const app = await visits(t, store, { '/login': login })
      const [first, second, third] = [app.stranger(), app.stranger(), app.stranger()]
      await first.get('/login')
      await second.get('/login')
      const refused = await third.get('/login')
      assert.equal(refused.status, 500)
      assert.match(refused.body, /ERR_SESSION_LIMIT/)
      assert.deepEqual(await dataOf(third), {})
      await first.get('/out')
      assert.equal((await third.get('/login')).status, 200)
      assert.equal((await dataOf(second)).user, 'ann')
    })

    test('who logs in many times at once has as many sessions as he may, and one at least', async (t) => {
      const here = place(t)
      for (const overflow of ['evict', 'refuse'] as const) {
        const store = here.open({ owner, maxPerOwner: limited(1, overflow) })
        await store.revokeOwner('ann')
        const app = await visits(t, store, { '/login': login })
        await Promise.all(Array.from({ length: 6 }, () => app.stranger().get('/login')))
        assert.equal((await store.sessionsOf('ann')).length, 1, overflow)
      }
    })
  })
})
