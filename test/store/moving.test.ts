/** `migrateFrom`: an application changes its store, and nobody is logged out. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MemoryStore } from '../../lib/store/memory'
import { expressSession } from '../support/kits'
import { overOurStores } from '../support/our-stores'
import { gate } from '../support/session-app'
import { dataOf, idOf, visits } from '../support/visits'

interface Old {
  readonly store: any
  close(): unknown
}

const OLD_STORES: Record<string, () => Old> = {
  "express-session's MemoryStore": () => ({ store: new expressSession.session.MemoryStore(), close() {} }),
  'our MemoryStore': () => {
    const store = new MemoryStore()
    return { store, close: () => store.close() }
  },
  'session-file-store': () => {
    const path = mkdtempSync(join(tmpdir(), 'sojourn-moving-'))
    const FileStore = require('session-file-store')(expressSession.session)
    const store = new FileStore({ path, reapInterval: -1, retries: 0, logFn: () => {} })
    return { store, close: () => rmSync(path, { recursive: true, force: true }) }
  },
}

const oldHas = (store: any, id: string) =>
  new Promise<boolean>((resolve) =>
    store.get(id, (_error: unknown, found: unknown) => resolve(found != null)),
  )

describe('moving', () => {
  overOurStores('to', (place) => {
    for (const [name, make] of Object.entries(OLD_STORES)) {
      test(`from ${name}: sessions go on, and the old records go`, async (t) => {
        const old = make()
        t.after(() => old.close())
        const before = await visits(t, old.store)
        const [ann, bob] = [await before.visitor('user=ann'), await before.visitor('user=bob')]
        const store = place(t).open({ migrateFrom: old.store })
        const app = await visits(t, store)
        const now = app.withId(idOf(ann))
        assert.equal((await dataOf(now)).user, 'ann')
        assert.equal(await oldHas(old.store, idOf(ann)), false)
        await now.get('/put?more=1')
        const { user, more } = await dataOf(now)
        assert.deepEqual([user, more], ['ann', '1'])
        assert.equal(now.cookie(), ann.cookie())

        // One whom neither store knows is a new visitor.
        const stranger = await app.withId('nobody-has-this-id').get('/')
        assert.deepEqual([stranger.status, stranger.body], [200, '{}'])

        // Out before, or after, the session was taken over: it does not come back from the old store.
        await now.get('/out')
        assert.deepEqual(await dataOf(app.withId(idOf(ann))), {})
        await app.withId(idOf(bob)).get('/out')
        assert.equal(await oldHas(old.store, idOf(bob)), false)
        assert.deepEqual(await dataOf(app.withId(idOf(bob))), {})
      })
    }

    test('requests of one session that come at the same time all find it, also in two processes', async (t) => {
      const old = new MemoryStore()
      t.after(() => old.close())
      const ann = await (await visits(t, old)).visitor('user=ann')
      const here = place(t)
      const apps = [
        await visits(t, here.open({ migrateFrom: old })),
        await visits(t, here.open({ migrateFrom: old })),
      ]
      const answers = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const visitor = apps[i % 2]?.withId(idOf(ann))
          return visitor && (await visitor.get(`/put?key${i}=1`)).body
        }),
      )
      assert.deepEqual(new Set(answers), new Set(['put']))
      const [app] = apps
      assert.ok(app)
      assert.equal(Object.keys(await dataOf(app.withId(idOf(ann)))).length, 9)
    })

    test('a session that is ended while it is taken over stays ended', async (t) => {
      const old = new MemoryStore()
      t.after(() => old.close())
      const ann = await (await visits(t, old)).visitor('user=ann')
      const [asked, go] = [gate(), gate()]
      const slow = Object.assign(Object.create(old), {
        get(id: string, done: (error: unknown, found?: unknown) => void) {
          old.get(id, (error, found) => {
            asked.open()
            go.opened.then(() => done(error, found))
          })
        },
      })
      const here = place(t)
      const one = await visits(t, here.open({ migrateFrom: slow }))
      const other = await visits(t, here.open({ migrateFrom: old }))
      const late = one.withId(idOf(ann)).get('/put?late=1')
      await asked.opened
      await other.withId(idOf(ann)).get('/out')
      go.open()
      await late
      assert.deepEqual(await dataOf(other.withId(idOf(ann))), {})
      assert.equal(await oldHas(old, idOf(ann)), false)
    })

    test('what is taken over is sealed, hashed, and its owner’s', async (t) => {
      const old = new MemoryStore()
      t.after(() => old.close())
      const ann = await (await visits(t, old)).visitor('user=ann')
      const owner = (data: Record<string, unknown>) => data['user'] as string
      const store = place(t).open({ migrateFrom: old, hashIds: true, owner })
      const app = await visits(t, store)
      await dataOf(app.withId(idOf(ann)))
      assert.equal((await store.sessionsOf('ann')).length, 1)
      assert.equal(await store.revokeOwner('ann'), 1)
      assert.deepEqual(await dataOf(app.withId(idOf(ann))), {})
    })
  })
})
