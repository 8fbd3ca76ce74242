/** Whose sessions are whose: listing them, ending them, and how many there may be. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import session from '../../lib'
import type { OwnerLimit } from '../../lib/store/login-limit'
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

    test('ends one session by the fingerprint that a page sent, and none of another owner', async (t) => {
      const store = place(t).open({ owner, hashIds: true })
      const app = await visits(t, store)
      const [desk, phone, bob] = [
        await app.visitor('user=ann&device=desk'),
        await app.visitor('user=ann&device=phone'),
        await app.visitor('user=bob'),
      ]
      for (const only of [
        store.fingerprintOf(idOf(bob)),
        'nonsense',
        '',
        undefined,
        null,
        ['x'],
        {},
        idOf(phone),
      ])
        assert.equal(await store.revokeOwner('ann', { only }), 0)
      const only = store.fingerprintOf(idOf(phone))
      assert.equal(await store.revokeOwner('ann', { only, except: idOf(phone) }), 0)
      assert.equal(await store.revokeOwner('ann', { only }), 1)
      assert.equal(await store.revokeOwner('ann', { only }), 0)
      assert.deepEqual(await dataOf(phone), {})
      assert.equal((await dataOf(desk)).device, 'desk')
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

    test('who has too many sessions loses those that have been his for longest', async (t) => {
      const store = place(t).open({ owner, maxPerOwner: limited(2, 'evict') })
      const app = await visits(t, store, {
        '/login': async (req, res) => {
          req.session.user = 'ann'
          req.session.cookie.maxAge = Number(req.headers['x-minutes']) * 60_000
          res.end('in')
        },
      })
      const devices = []
      // The first session to be made is the last to be his.
      const oldest = await app.visitor('basket=full')
      for (const [device, minutes] of [
        [app.stranger(), 30],
        [app.stranger(), 10],
        [oldest, 20],
      ] as const) {
        await device.get('/login', { headers: { 'x-minutes': String(minutes) } })
        devices.push(device)
      }
      const users = []
      for (const device of devices) users.push((await dataOf(device)).user)
      assert.deepEqual(users, [undefined, 'ann', 'ann'])
      // A further request of a session that is there is no further session.
      await devices[1]?.get('/put?more=1')
      assert.equal((await store.sessionsOf('ann')).length, 2)
      await devices[1]?.get('/login', { headers: { 'x-minutes': '1' } })
      await app.stranger().get('/login', { headers: { 'x-minutes': '30' } })
      assert.equal((await dataOf(devices[1] ?? oldest)).user, undefined, 'a change made it no younger')
      assert.equal((await dataOf(oldest)).user, 'ann')
    })

    test('whose session becomes his by update, renewId or store.set has one more', async (t) => {
      const here = place(t)
      const store = here.open({ owner, maxPerOwner: 1 })
      const app = await visits(t, store, {
        '/update': async (req, res) => {
          await session.update(req, (data: Record<string, unknown>) => {
            data['user'] = 'ann'
          })
          res.end()
        },
        '/renew': async (req, res) => {
          req.session.user = 'ann'
          await req.session.renewId()
          res.end(req.session.id)
        },
        '/again': async (req, res) => {
          await req.session.renewId()
          res.end(req.session.id)
        },
      })
      const single = async () => {
        const sessions = await store.sessionsOf('ann')
        assert.equal(sessions.length, 1)
        return sessions[0]?.fingerprint
      }
      const first = await app.visitor('basket=full')
      await first.get('/update')
      assert.equal(await single(), store.fingerprintOf(idOf(first)))
      const second = await app.visitor('basket=full')
      await second.get('/renew')
      assert.equal(await single(), store.fingerprintOf(idOf(second)))
      await second.get('/again')
      assert.equal(await single(), store.fingerprintOf(idOf(second)))
      const third = { cookie: { originalMaxAge: null }, user: 'ann' } as never
      await store.set('by-hand', third)
      assert.equal(await single(), store.fingerprintOf('by-hand'))
      await store.set('by-hand', { cookie: {}, user: 'ann', more: 1 } as never)
      assert.equal(await single(), store.fingerprintOf('by-hand'))
      const strict = here.open({ owner, maxPerOwner: limited(1, 'refuse') })
      await assert.rejects(strict.set('too-much', third), { code: 'ERR_SESSION_LIMIT' })
      const other = await visits(t, strict, {
        '/update': async (req, res) => {
          const refused = session.update(req, (data: Record<string, unknown>) => {
            data['user'] = 'ann'
          })
          await assert.rejects(refused, { code: 'ERR_SESSION_LIMIT' })
          res.end()
        },
      })
      await (await other.visitor('basket=full')).get('/update')
      assert.equal(await single(), store.fingerprintOf('by-hand'))
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
