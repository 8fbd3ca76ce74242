/** A taking over that breaks off in the middle: no session is lost, and none that was ended comes back. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackedStore } from '../../lib/store/backed-store'
import { MemoryStore } from '../../lib/store/memory'
import type { Handler } from '../support/app'
import { overOurStores, type Place } from '../support/our-stores'
import { gate } from '../support/session-app'
import { dataOf, idOf, rowsOf, visits } from '../support/visits'

type Owner = { after(work: () => unknown): void }

const owner = (data: Record<string, unknown>) => data['user'] as string | undefined

const renewId: Handler = async (req, res) => {
  await req.session.renewId()
  res.end('renewed')
}
const regenerate: Handler = async (req, res) => {
  await req.session.regenerate()
  res.end('regenerated')
}
const MORE = { '/renew': renewId, '/regenerate': regenerate }

/** The old store as a process sees it that dies when it is about to remove what it has copied. */
function dyingAt(old: MemoryStore, asked: { open(): void }): MemoryStore {
  return Object.assign(Object.create(old), {
    get: old.get.bind(old),
    destroy: () => asked.open(),
  })
}

/** Ann's session, copied to the new store by a process that died before it removed the original. */
async function brokenOff(t: Owner, place: Place, options: object) {
  const old = new MemoryStore()
  t.after(() => old.close())
  const id = idOf(await (await visits(t, old)).visitor('user=ann'))
  const dying = gate()
  void place.open({ ...options, migrateFrom: dyingAt(old, dying) }).get(id)
  await dying.opened
  assert.ok(await old.get(id), 'both stand')
  const store: BackedStore = place.open({ ...options, migrateFrom: old })
  assert.equal((await rowsOf(store)).length, 1, 'both stand')
  const app = await visits(t, store, MORE)
  return { old, id, store, app, ann: app.withId(id) }
}

const RECORDS = {
  plain: { owner },
  hashed: { owner, hashIds: true },
}

describe('a taking over that broke off between the copy and the removal', () => {
  overOurStores('in', (place) => {
    for (const [records, options] of Object.entries(RECORDS)) {
      test(`${records}: the next request finishes it`, async (t) => {
        const { old, id, store, ann } = await brokenOff(t, place(t), options)
        assert.equal((await dataOf(ann)).user, 'ann')
        assert.equal(await old.get(id), null)
        const [row] = await rowsOf(store)
        assert.ok(!row?.[1].body.includes('moving'), 'nothing is left of it in the record')
        await ann.get('/put?more=1')
        assert.equal((await dataOf(ann)).more, '1')
      })

      const WAYS: Record<string, (all: Awaited<ReturnType<typeof brokenOff>>) => Promise<unknown>> = {
        destroy: ({ store, id }) => store.destroy(id),
        'session.destroy': ({ ann }) => ann.get('/out'),
        'session.renewId': ({ app, id }) => app.withId(id).get('/renew'),
        'session.regenerate': ({ app, id }) => app.withId(id).get('/regenerate'),
        revoke: async ({ store }) => {
          const [session] = await store.sessionsOf('ann')
          assert.equal(await store.revoke(session?.key ?? ''), true)
          assert.equal(await store.revoke(session?.key ?? ''), false)
        },
        revokeOwner: async ({ store }) => assert.equal(await store.revokeOwner('ann'), 1),
        clear: ({ store }) => store.clear(),
      }
      for (const [way, end] of Object.entries(WAYS)) {
        test(`${records}: ended by ${way} it stays ended`, async (t) => {
          const all = await brokenOff(t, place(t), options)
          await end(all)
          const { app, id, store, old } = all
          assert.deepEqual(
            Object.keys((await store.all()) ?? {}).length,
            way.startsWith('session.re') ? 1 : 0,
          )
          assert.deepEqual(await dataOf(app.withId(id)), {})
          assert.equal(await store.get(id), null)
          assert.equal(await old.get(id), null)
          assert.equal(await store.length(), way.startsWith('session.re') ? 1 : 0)
        })
      }
    }

    test('ended to make room for another session of its owner it stays ended', async (t) => {
      const options = { ...RECORDS.hashed, maxPerOwner: 1 }
      const { app, id } = await brokenOff(t, place(t), options)
      await app.stranger().get('/put?user=ann')
      assert.deepEqual(await dataOf(app.withId(id)), {})
    })

    test('a session that ended by its time-out does not begin again from the old record', async (t) => {
      const { ann, store, id, old } = await brokenOff(t, place(t), { owner })
      await dataOf(ann)
      await store.backend.remove(store.keyOf(id))
      assert.deepEqual(await dataOf(ann), {})
      assert.equal(await old.get(id), null)
    })

    test('an old store that cannot remove: the request fails, and a later one finishes', async (t) => {
      const old = new MemoryStore()
      t.after(() => old.close())
      const id = idOf(await (await visits(t, old)).visitor('user=ann'))
      let failures = 1
      const failing = Object.assign(Object.create(old), {
        get: old.get.bind(old),
        destroy: (sid: string, done: (error?: Error) => void) =>
          failures-- > 0 ? done(new Error('down')) : old.destroy(sid, done),
      })
      const store = place(t).open({ migrateFrom: failing, owner })
      const app = await visits(t, store)
      assert.equal((await app.withId(id).get('/')).status, 500)
      assert.equal((await dataOf(app.withId(id))).user, 'ann')
      assert.equal(await old.get(id), null)
      assert.equal(await store.revokeOwner('ann'), 1)
      assert.deepEqual(await dataOf(app.withId(id)), {})
    })

    test('requests in two processes that meet it half done both have the session', async (t) => {
      const here = place(t)
      const { old, id, ann, app } = await brokenOff(t, here, { owner })
      const other = await visits(t, here.open({ migrateFrom: old, owner }))
      const all = [ann, other.withId(id), app.withId(id), other.withId(id)]
      const users = await Promise.all(all.map(async (visitor) => (await dataOf(visitor)).user))
      assert.deepEqual(users, ['ann', 'ann', 'ann', 'ann'])
      assert.equal(await old.get(id), null)
    })
  })
})
