/** What somebody finds who has read, or can write, the store: `hashIds` and `seal`. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { seal } from '../../lib/record/seal'
import { overOurStores } from '../support/our-stores'
import { dataOf, idOf, rowsOf, visits } from '../support/visits'

const KEY = 'a key of at least thirty-two characters'
const NEXT_KEY = 'the one that follows it, as long as that'

describe('hashIds', () => {
  overOurStores('ids', (place) => {
    test('are not in the store, only their SHA-256', async (t) => {
      const store = place(t).open({ hashIds: true })
      const app = await visits(t, store)
      const ann = await app.visitor('user=ann')
      assert.deepEqual(await dataOf(ann), { user: 'ann' })
      const id = idOf(ann)
      const [[key, { body }] = ['', { body: '' }], ...more] = await rowsOf(store)
      assert.equal(more.length, 0)
      assert.ok(key.endsWith(createHash('sha256').update(id).digest('base64url')))
      assert.ok(!`${key}${body}`.includes(id))
    })

    test('that are made of a leaked key open nothing, and harm nothing', async (t) => {
      const store = place(t).open({ hashIds: true })
      const app = await visits(t, store)
      const ann = await app.visitor('user=ann')
      const [handle = ''] = Object.keys(await store.all())
      const [[key] = ['']] = await rowsOf(store)
      const names = [key, handle, key.replace(/^.*:/, ''), handle.replace(/^.*:/, '')]
      for (const leaked of new Set(names)) {
        const thief = app.withId(leaked)
        assert.deepEqual(await dataOf(thief), {}, leaked)
        await thief.get('/out')
      }
      assert.deepEqual(await dataOf(ann), { user: 'ann' })
    })

    test('of the time before are found once, re-keyed, and gone from the store', async (t) => {
      const here = place(t)
      const before = await visits(t, here.open())
      const ann = await before.visitor('user=ann')
      const bob = await before.visitor('user=bob')
      const store = here.open({ hashIds: true })
      const app = await visits(t, store)
      const annNow = app.withId(idOf(ann))
      assert.deepEqual(await dataOf(annNow), { user: 'ann' })
      await annNow.get('/put?more=1')
      assert.deepEqual(await dataOf(annNow), { user: 'ann', more: '1' })
      // One who logs out before his session was moved is out, too.
      const bobNow = app.withId(idOf(bob))
      await bobNow.get('/out')
      assert.deepEqual(await dataOf(app.withId(idOf(bob))), {})
      const rows = await rowsOf(store)
      assert.equal(rows.length, 1)
      assert.ok(!rows.some(([key]) => key.includes(idOf(ann))))
      assert.deepEqual(await dataOf(ann), {})
    })

    test('of the time before keep their owner', async (t) => {
      const here = place(t)
      const owner = (data: Record<string, unknown>) => data['user'] as string
      const ann = await (await visits(t, here.open({ owner }))).visitor('user=ann')
      const store = here.open({ owner, hashIds: true })
      const app = await visits(t, store)
      const now = app.withId(idOf(ann))
      assert.deepEqual(await dataOf(now), { user: 'ann' })
      assert.equal((await store.sessionsOf('ann')).length, 1)
      assert.equal(await store.revokeOwner('ann'), 1)
      assert.deepEqual(await dataOf(now), {})
    })

    test('in a listing are handles, with which an administrator ends sessions', async (t) => {
      const store = place(t).open({ hashIds: true })
      const app = await visits(t, store)
      const ann = await app.visitor('user=ann')
      const bob = await app.visitor('user=bob')
      const all = Object.entries(await store.all())
      assert.equal(all.length, 2)
      assert.ok(!all.some(([shown]) => shown === idOf(ann) || shown === idOf(bob)))
      const [handle = ''] = all.find(([, data]) => (data as Record<string, unknown>)['user'] === 'ann') ?? []
      assert.equal(((await store.get(handle)) as Record<string, unknown> | null)?.['user'], 'ann')
      await store.destroy(handle)
      assert.deepEqual(await dataOf(ann), {})
      assert.deepEqual(await dataOf(bob), { user: 'bob' })
    })

    test('may be hashed when records are sealed already', async (t) => {
      const here = place(t)
      const keys = { keys: [KEY] }
      const ann = await (await visits(t, here.open({ seal: seal(keys) }))).visitor('user=ann')
      const app = await visits(t, here.open({ seal: seal(keys), hashIds: true }))
      const now = app.withId(idOf(ann))
      assert.deepEqual(await dataOf(now), { user: 'ann' })
      assert.deepEqual(await dataOf(now), { user: 'ann' })
    })
  })
})

describe('seal', () => {
  overOurStores('records', (place) => {
    test('are no text that anybody can read', async (t) => {
      const store = place(t).open({ seal: seal({ keys: [KEY] }) })
      const app = await visits(t, store)
      const ann = await app.visitor('user=ann-the-confidential')
      assert.deepEqual(await dataOf(ann), { user: 'ann-the-confidential' })
      const [[, { body }] = ['', { body: '' }]] = await rowsOf(store)
      assert.doesNotMatch(body, /ann|user|cookie|\{/)
    })

    test('go on under a new key, which seals with the next change', async (t) => {
      const here = place(t)
      const before = await visits(t, here.open({ seal: seal({ keys: [KEY] }) }))
      const [ann, bob] = [await before.visitor('user=ann'), await before.visitor('user=bob')]
      const both = await visits(t, here.open({ seal: seal({ keys: [NEXT_KEY, KEY] }) }))
      assert.deepEqual(await dataOf(both.withId(idOf(bob))), { user: 'bob' })
      await both.withId(idOf(ann)).get('/put?more=1')
      const after = await visits(t, here.open({ seal: seal({ keys: [NEXT_KEY] }) }))
      assert.deepEqual(await dataOf(after.withId(idOf(ann))), { user: 'ann', more: '1' })
      assert.deepEqual(await dataOf(after.withId(idOf(bob))), {})
      assert.deepEqual(after.told, ['unreadable', 'refused'])
    })

    test('that no key opens count as absent, are told of, and stay as they are', async (t) => {
      const here = place(t)
      const right = await visits(t, here.open({ seal: seal({ keys: [KEY] }) }))
      const ann = await right.visitor('user=ann')
      const store = here.open({ seal: seal({ keys: [NEXT_KEY] }) })
      const wrong = await visits(t, store)
      assert.deepEqual(await dataOf(wrong.withId(idOf(ann))), {})
      assert.equal(await store.get(idOf(ann)), null)
      assert.deepEqual(await store.all(), Object.create(null))
      assert.ok(wrong.told.includes('unreadable'))
      assert.deepEqual(await dataOf(ann), { user: 'ann' })
    })

    test('that were swapped, cut off or made up count as absent', async (t) => {
      const store = place(t).open({ seal: seal({ keys: [KEY] }) })
      const app = await visits(t, store)
      const ann = await app.visitor('user=ann')
      const bob = await app.visitor('user=bob')
      const [first, second] = await rowsOf(store)
      assert.ok(first && second)
      const [[one, a], [two, b]] = [first, second]
      const sealed = a.body.split('.')
      const forged = [
        b.body,
        a.body.slice(0, -1),
        a.body.slice(0, 30),
        `${a.body}.x`,
        `${sealed[0]}.${sealed[1]}.`,
        `sealed2.${sealed[1]}.${sealed[2]}`,
        a.body.replace(/.$/, (last) => (last === 'A' ? 'Z' : 'A')),
        '',
        'null',
        '{}',
        JSON.stringify({ cookie: {}, user: 'root' }),
      ]
      let standing = a.body
      for (const body of forged) {
        if (body === standing) continue
        assert.equal(await store.backend.replace(one, standing, { ...a, body }), true)
        standing = body
        const seen = [await dataOf(app.withId(idOf(ann))), await dataOf(app.withId(idOf(bob)))]
        // One of the two, whichever the forged one is, and never the other's data.
        assert.equal(seen.filter((data) => Object.keys(data).length === 0).length, 1, body)
        assert.ok(!seen.some(({ user }) => user === 'root'))
      }
      assert.equal(await store.backend.replace(two, b.body, { ...b, body: a.body }), true)
      for (const visitor of [ann, bob]) assert.deepEqual(await dataOf(app.withId(idOf(visitor))), {})
    })

    test('of the time before are read only where it is asked for', async (t) => {
      const here = place(t)
      const before = await visits(t, here.open())
      const ann = await before.visitor('user=ann')
      const strict = await visits(t, here.open({ seal: seal({ keys: [KEY] }) }))
      assert.deepEqual(await dataOf(strict.withId(idOf(ann))), {})
      const store = here.open({ seal: seal({ keys: [KEY], acceptPlain: true }) })
      const lenient = await visits(t, store)
      const now = lenient.withId(idOf(ann))
      assert.deepEqual(await dataOf(now), { user: 'ann' })
      await now.get('/put?more=1')
      assert.deepEqual(await dataOf(strict.withId(idOf(ann))), { user: 'ann', more: '1' })
    })

    test('that are plain are not taken in by the way of ids that are not hashed yet', async (t) => {
      const here = place(t)
      const ann = await (await visits(t, here.open())).visitor('user=ann')
      const options = { hashIds: true, seal: seal({ keys: [KEY] }) }
      const strict = await visits(t, here.open(options))
      assert.deepEqual(await dataOf(strict.withId(idOf(ann))), {})
      const acceptPlain = seal({ keys: [KEY], acceptPlain: true })
      const lenient = await visits(t, here.open({ hashIds: true, seal: acceptPlain }))
      assert.deepEqual(await dataOf(lenient.withId(idOf(ann))), { user: 'ann' })
      assert.deepEqual(await dataOf(strict.withId(idOf(ann))), { user: 'ann' })
    })
  })
})
