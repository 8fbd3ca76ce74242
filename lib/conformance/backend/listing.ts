import assert from 'node:assert/strict'
import type { Backend, Entry } from '../../backend/contract'
import { inBatches } from '../waiting'
import { assertEntry, type BackendCase, type BackendContext, makeEntry } from './context'

const LISTED = 10_000
/** One in so many leaves meanwhile: all over the listing, so that a page that is counted off shifts. */
const LEAVING = 10
const BATCH = 200

async function listed(backend: Backend, prefix?: string): Promise<Map<string, Entry>> {
  const found = new Map<string, Entry>()
  for await (const [key, entry] of backend.scan?.(prefix) ?? []) {
    assert.equal(found.has(key), false, 'a key came twice')
    found.set(key, entry)
  }
  return found
}

/** Listing is exact about what stands still, whatever moves beside it; pruning counts what it takes. */
export const listingCases: readonly BackendCase[] = [
  {
    name: 'a listing gives every live entry, body and deadline, and no expired one',
    needs: ['scan'],
    async run(context) {
      const { backend, now, pass } = context
      assert.equal((await listed(backend)).size, 0, 'nothing at first')
      const entries = new Map(
        ['a', 'b', '__proto__', 'x:y'].map((key) => [key, makeEntry(context, JSON.stringify({ key }))]),
      )
      entries.set('never', { body: '{}', expires: Infinity })
      for (const [key, entry] of entries) await backend.create(key, entry)
      await backend.create('expiring', { body: '{}', expires: now() + 20 })
      await backend.create('removed', makeEntry(context, '{}'))
      await backend.remove('removed')
      await pass(20)
      const found = await listed(backend)
      assert.deepEqual([...found.keys()].sort(), [...entries.keys()].sort())
      for (const [key, entry] of entries) assertEntry(found.get(key), entry, key)
    },
  },
  {
    name: 'a listing takes its prefix literally',
    needs: ['scan'],
    async run(context) {
      const { backend } = context
      // Left: prefix; right: a key that it would match as a pattern of Redis, SQL or a regular expression.
      const pairs = [
        ['a*[b]:', 'aXb:1'],
        ['c?:', 'cX:1'],
        ['d_:', 'dX:1'],
        ['e%', 'eX'],
        ['f\\:', 'f:1'],
        ['g.', 'gX'],
        ['h[^i]', 'hX'],
        ['j:', 'J:1'],
        ["k'", 'k1'],
      ] as const
      for (const [prefix, other] of pairs) {
        await backend.create(`${prefix}1`, makeEntry(context, '{}'))
        await backend.create(prefix, makeEntry(context, '{}'))
        await backend.create(other, makeEntry(context, '{}'))
      }
      for (const [prefix] of pairs) {
        assert.deepEqual([...(await listed(backend, prefix)).keys()].sort(), [prefix, `${prefix}1`], prefix)
      }
      assert.equal((await listed(backend, '')).size, 3 * pairs.length, 'the empty prefix is everybody')
      assert.equal((await listed(backend, 'nobody')).size, 0)
    },
  },
  {
    name: 'a listing of 10,000 gives each that stands throughout exactly once while others come, go and change',
    says: [
      'Live entries whose key starts with `prefix`, in any order; one that stands there throughout comes exactly once.',
    ],
    needs: ['scan'],
    async run(context) {
      const { backend } = context
      const other = await context.other()
      const keys = Array.from({ length: LISTED }, (_, i) => `l:${String(i).padStart(5, '0')}`)
      const leaving = keys.filter((_, i) => i % LEAVING === 0)
      const standing = keys.filter((_, i) => i % LEAVING !== 0)
      await inBatches(keys, BATCH, (key) => backend.create(key, makeEntry(context, '{"v":0}')))
      const times = new Map<string, number>()
      let steps = 0
      for await (const [key, entry] of backend.scan?.('l:') ?? []) {
        times.set(key, (times.get(key) ?? 0) + 1)
        assert.match(entry.body, /^\{"v":[01]\}$/)
        if (steps++ % 200 === 0) await churn(context, other, standing, leaving, steps)
      }
      const wrong = standing.filter((key) => times.get(key) !== 1)
      assert.equal(wrong.length, 0, `${wrong.length} of ${standing.length} did not come exactly once`)
      const twice = [...times.values()].filter((count) => count > 1)
      assert.equal(twice.length, 0, `${twice.length} others came more than once`)
    },
  },
  {
    name: 'a listing may be left early, and two may go on at once',
    needs: ['scan'],
    async run(context) {
      const { backend } = context
      const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)
      await inBatches(keys, BATCH, (key) => backend.create(key, makeEntry(context, '{}')))
      for (let round = 0; round < 20; round++) {
        for await (const [key] of backend.scan?.() ?? []) {
          assert.equal(await backend.remove(key), true, 'what was listed can be removed by its key')
          await backend.create(key, makeEntry(context, '{}'))
          break
        }
      }
      const [one, two] = await Promise.all([listed(backend), listed(backend, 'k')])
      assert.deepEqual([one.size, two.size], [keys.length, keys.length])
    },
  },
  {
    name: 'prune drops what is past its deadline at the given time, counts it, and keeps the living',
    says: ['Drops what is past its deadline at `now` (epoch ms).'],
    needs: ['prune'],
    async run(context) {
      const { backend, now } = context
      const start = now()
      const hour = 3_600_000
      const dead = Array.from({ length: 1200 }, (_, i) => `dead${i}`)
      const alive = ['in 2 h', 'in 60 d', 'never']
      await inBatches(dead, BATCH, (key) => backend.create(key, { body: '{}', expires: start + hour }))
      await backend.create('in 2 h', { body: '{}', expires: start + 2 * hour })
      await backend.create('in 60 d', { body: '{}', expires: start + 1440 * hour })
      await backend.create('never', { body: '{}', expires: Infinity })
      assert.equal(await backend.prune?.(start), 0, 'nothing is past its deadline yet')
      assert.equal(await backend.prune?.(start + 1.5 * hour), dead.length)
      assert.equal(await backend.prune?.(start + 1.5 * hour), 0, 'nothing is left of them')
      for (const key of alive) assert.notEqual(await backend.read(key), undefined, key)
      assert.equal(await backend.read('dead0'), undefined)
    },
  },
  {
    name: 'prune goes by the deadline of now, not by one of before',
    needs: ['prune'],
    async run(context) {
      const { backend, now } = context
      const start = now()
      const hour = 3_600_000
      await backend.create('extended', { body: '{}', expires: start + hour })
      await backend.create('replaced', { body: '{}', expires: start + hour })
      await backend.create('created again', { body: '{}', expires: start + hour })
      await backend.create('shortened', { body: '{}', expires: start + 9 * hour })
      await backend.extend('extended', start + 3 * hour)
      await backend.replace('replaced', '{}', { body: '{}', expires: Infinity })
      await backend.remove('created again')
      await backend.create('created again', { body: '{}', expires: start + 3 * hour })
      await backend.extend('shortened', start + hour)
      assert.equal(await backend.prune?.(start + 2 * hour), 1)
      for (const key of ['extended', 'replaced', 'created again']) {
        assert.notEqual(await backend.read(key), undefined, key)
      }
      assert.equal(await backend.read('shortened'), undefined)
    },
  },
]

/** A few come, a few go, a few of those that stand change their body or their deadline. */
async function churn(
  context: BackendContext,
  backend: Backend,
  standing: readonly string[],
  leaving: readonly string[],
  step: number,
): Promise<void> {
  const some = (keys: readonly string[]) =>
    Array.from({ length: 10 }, (_, i) => keys[(step * 7 + i * 131) % keys.length])
  for (const key of some(leaving)) if (key !== undefined) await backend.remove(key)
  for (const key of some(standing)) {
    if (key === undefined) continue
    await backend.replace(
      key,
      '{"v":0}',
      makeEntry(context, '{"v":1}', { expires: context.now() + 4_000_000 }),
    )
    await backend.extend(key, context.now() + 5_000_000)
  }
  // A bounded number: a listing may well show those that came meanwhile.
  if (step <= LISTED) {
    for (let i = 0; i < 10; i++) await backend.create(`l:n${step}-${i}`, makeEntry(context, '{"v":0}'))
  }
}
