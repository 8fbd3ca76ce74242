/** Random schedules of logins on a shared list, each step as it is in `Owners`: none may leave more or fewer than may. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  choosingMark,
  compareRanks,
  fits,
  laterMark,
  markBehind,
  overflowing,
  type Rank,
  rankOf,
} from '../../lib/store/admission'

type Step = 'next' | 'end'

/** Numbers that look random and are the same in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 1
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

class World {
  readonly live = new Map<string, string>()
  readonly acknowledged = new Set<string>()

  ranks(but?: string): Rank[] {
    return [...this.live].filter(([key]) => key !== but).map(([key, admitted]) => rankOf(key, { admitted }))
  }
}

/** The clock of each process is wrong by its own amount. */
function* evicting(world: World, key: string, max: number, now: number): Generator<Step, Step, void> {
  const seen = world.ranks()
  yield 'next'
  world.live.set(key, markBehind(seen, now))
  yield 'next'
  const over = overflowing(world.ranks(), max)
  yield 'next'
  for (const rank of over) {
    world.live.delete(rank.key)
    yield 'next'
  }
  world.acknowledged.add(key)
  return 'end'
}

function* refusing(world: World, key: string, max: number, now: number): Generator<Step, Step, void> {
  world.live.set(key, choosingMark(now))
  yield 'next'
  const seen = world.ranks(key)
  yield 'next'
  const mark = markBehind(seen, now)
  world.live.set(key, mark)
  yield 'next'
  const waited = new Set(world.ranks(key).flatMap((rank) => (rank.choosing ? [rank.key] : [])))
  for (;;) {
    yield 'next'
    const ranks = world.ranks(key).filter((rank) => !rank.choosing || waited.has(rank.key))
    const fit = fits(rankOf(key, { admitted: mark }), ranks, max)
    if (fit) world.acknowledged.add(key)
    if (fit === false) {
      yield 'next'
      world.live.delete(key)
    }
    if (fit !== undefined) return 'end'
  }
}

describe('the order of the sessions of an owner', () => {
  for (const [name, login] of [
    ['evicting', evicting],
    ['refusing', refusing],
  ] as const) {
    test(`leaves exactly as many as may live, ${name}, in every random schedule`, () => {
      for (let seed = 1; seed <= 2000; seed++) {
        const random = chance(seed)
        const [count, max] = [1 + random(6), 1 + random(4)]
        const world = new World()
        let running = Array.from({ length: count }, (_, i) => login(world, `k${i}`, max, 1000 + random(3)))
        while (running.length > 0) {
          const one = running[random(running.length)]
          if (one?.next().done) running = running.filter((other) => other !== one)
        }
        assert.equal(world.live.size, Math.min(count, max), `seed ${seed}`)
        for (const key of world.live.keys()) assert.ok(world.acknowledged.has(key), `seed ${seed}`)
        if (login === refusing) assert.equal(world.acknowledged.size, world.live.size, `seed ${seed}`)
      }
    })
  }

  test('a later login comes behind, also where its clock is slow', () => {
    const first = rankOf('a', { admitted: markBehind([], 5000) })
    const second = rankOf('b', { admitted: markBehind([first], 1000) })
    assert.ok(compareRanks(first, second) < 0)
    assert.deepEqual(overflowing([second, first], 1), [first])
  })

  test('a record that does not say comes first, the older one before the younger', () => {
    const ranks = [rankOf('c', { admitted: '9:x' }), rankOf('a', { created: 7 }), rankOf('b', { created: 3 })]
    assert.deepEqual(
      overflowing(ranks, 1).map(({ key }) => key),
      ['b', 'a'],
    )
    for (const admitted of [7, null, {}, '9', '?', '99999999999999999:x', '9:x\n', `9:${'x'.repeat(17)}`])
      assert.equal(rankOf('a', { admitted }).at, 0, String(admitted))
  })

  test('a session that is getting a new id is one, though it has two keys for a moment', () => {
    const mark = markBehind([], 1000)
    const [old, moved] = [rankOf('old', { admitted: mark }), rankOf('new', { admitted: mark })]
    const other = rankOf('other', { admitted: markBehind([old], 1000) })
    assert.deepEqual(overflowing([old, moved, other], 2), [])
    assert.equal(fits(other, [old, moved], 2), true)
    assert.equal(fits(other, [old, moved], 1), false)
  })

  test('of two marks of one session the later stays', () => {
    assert.equal(laterMark('', undefined), '')
    assert.equal(laterMark('5:a', undefined), '5:a')
    assert.equal(laterMark('', '5:a'), '5:a')
    assert.equal(laterMark('5:a', '6:b'), '6:b')
    assert.equal(laterMark('7:a', '6:b'), '7:a')
    assert.equal(laterMark('6:a', '?6:b'), '6:a')
    assert.equal(laterMark('6:a', 'no mark'), '6:a')
  })
})
