import assert from 'node:assert/strict'
import type { Backend } from '../../backend/contract'
import { inBatches } from '../waiting'
import { assertEntry, type BackendCase, type BackendContext } from './context'

const HOUR_MS = 3_600_000

async function keysOf(backend: Backend, owner: string): Promise<string[]> {
  return ((await backend.ownedBy?.(owner)) ?? []).map(([key]) => key)
}

function owned(context: BackendContext, owner: string | undefined, hours: number) {
  return { body: '{}', expires: context.now() + hours * HOUR_MS, owner }
}

/** The index of owners never says more or less than the entries themselves. */
export const ownerCases: readonly BackendCase[] = [
  {
    name: "an owner's entries come nearest deadline first, with body and deadline, and nobody else's",
    says: ['The live entries whose last write named this owner, nearest deadline first.'],
    needs: ['owners'],
    async run(context) {
      const { backend } = context
      const never = { body: '{"n":1}', expires: Infinity, owner: 'ann' }
      await backend.create('never', never)
      await backend.create('far', owned(context, 'ann', 5000))
      const near = owned(context, 'ann', 1)
      await backend.create('near', near)
      await backend.create('middle', owned(context, 'ann', 2))
      await backend.create('bob', owned(context, 'bob', 1))
      await backend.create('nobody', owned(context, undefined, 1))
      const entries = (await backend.ownedBy?.('ann')) ?? []
      assert.deepEqual(
        entries.map(([key]) => key),
        ['near', 'middle', 'far', 'never'],
      )
      assertEntry(entries[0]?.[1], near)
      assertEntry(entries[3]?.[1], never)
      assert.deepEqual(await keysOf(backend, 'bob'), ['bob'])
      assert.deepEqual(await keysOf(backend, 'carl'), [])
    },
  },
  {
    name: 'the index of owners follows every write, removal and deadline',
    says: [
      'The index follows every `create`, `replace` (also from one owner to another), `remove` and deadline.',
    ],
    needs: ['owners'],
    async run(context) {
      const { backend } = context
      await backend.create('a', owned(context, 'ann', 1))
      await backend.create('b', owned(context, 'ann', 2))
      await backend.create('c', owned(context, undefined, 3))
      await backend.replace('b', '{}', owned(context, 'bob', 2))
      await backend.replace('c', '{}', owned(context, 'bob', 1))
      assert.deepEqual([await keysOf(backend, 'ann'), await keysOf(backend, 'bob')], [['a'], ['c', 'b']])
      await backend.extend('c', context.now() + 9 * HOUR_MS)
      assert.deepEqual(await keysOf(backend, 'bob'), ['b', 'c'], 'extend moves the place in the order')
      await backend.replace('b', '{}', owned(context, undefined, 2))
      assert.deepEqual(await keysOf(backend, 'bob'), ['c'], 'a write that names nobody leaves the owner')
      await backend.remove('a')
      assert.deepEqual(await keysOf(backend, 'ann'), [])
      await backend.create('a', owned(context, 'bob', 1))
      assert.deepEqual([await keysOf(backend, 'ann'), await keysOf(backend, 'bob')], [[], ['a', 'c']])
    },
  },
  {
    name: 'a write that was refused leaves the index of owners alone',
    needs: ['owners'],
    async run(context) {
      const { backend } = context
      await backend.create('a', owned(context, 'ann', 1))
      assert.equal(await backend.create('a', owned(context, 'bob', 1)), false)
      assert.notEqual(await backend.replace('a', '{"other":1}', owned(context, 'bob', 1)), true)
      assert.equal(await backend.replace('gone', '{}', owned(context, 'bob', 1)), undefined)
      assert.equal(await backend.extend('gone', context.now() + HOUR_MS), false)
      assert.deepEqual([await keysOf(backend, 'ann'), await keysOf(backend, 'bob')], [['a'], []])
    },
  },
  {
    name: 'what has expired is nobody’s, and its key may come back under another owner',
    needs: ['owners'],
    async run(context) {
      const { backend, now, pass } = context
      await backend.create('a', { body: '{}', expires: now() + 20, owner: 'ann' })
      await backend.create('b', owned(context, 'ann', 1))
      await backend.create('c', owned(context, 'ann', 2))
      await backend.extend('c', now() - 1)
      await pass(20)
      assert.deepEqual(await keysOf(backend, 'ann'), ['b'])
      assert.equal(await backend.create('a', owned(context, 'bob', 1)), true)
      assert.deepEqual([await keysOf(backend, 'ann'), await keysOf(backend, 'bob')], [['b'], ['a']])
    },
  },
  {
    name: 'owners are plain words, nearly alike is not alike, and no owner’s name reaches into another’s',
    needs: ['owners'],
    async run(context) {
      const { backend } = context
      const owners = [
        '__proto__',
        'constructor',
        'ann',
        'Ann',
        'ann ',
        'an',
        'ann:1',
        'a*',
        'a%',
        'ü',
        '1',
        "o'x",
      ]
      for (const owner of owners) await backend.create(`of ${owner}`, owned(context, owner, 1))
      for (const owner of owners) assert.deepEqual(await keysOf(backend, owner), [`of ${owner}`], owner)
    },
  },
  {
    name: 'the index of owners survives many changes at once',
    needs: ['owners'],
    async run(context) {
      const hands = [context.backend, await context.other()]
      const keys = Array.from({ length: 200 }, (_, i) => i)
      const names = ['ann', 'bob', 'carl']
      // The body tells whom the last write named.
      const entryAt = (index: number, round: number) => {
        const owner = names[(index + round) % names.length]
        return { ...owned(context, owner, 1 + round), body: JSON.stringify({ owner }) }
      }
      await inBatches(keys, 50, (index) => context.backend.create(`k${index}`, entryAt(index, 0)))
      await inBatches([1, 2, 3, 4], 4, async (round) => {
        const backend = hands[round % 2] ?? context.backend
        await inBatches(keys, 50, async (index) => {
          if (index % 10 === round) return backend.remove(`k${index}`)
          const seen = await backend.read(`k${index}`)
          return seen && backend.replace(`k${index}`, seen.body, entryAt(index, round))
        })
      })
      const found: string[] = []
      for (const name of names) {
        for (const [key, { body }] of (await context.backend.ownedBy?.(name)) ?? []) {
          found.push(key)
          assert.equal(
            body,
            JSON.stringify({ owner: name }),
            'the last write named the owner it is listed under',
          )
        }
      }
      const standing = keys.filter((index) => ![1, 2, 3, 4].includes(index % 10)).map((index) => `k${index}`)
      assert.deepEqual(
        found.sort(),
        standing.sort(),
        'each that stands has one owner; each that went has none',
      )
    },
  },
]
