import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { combinations, everySchedule, FULL, type Setup, someSchedules, worldOf } from './groups'
import { PROGRAMS, type ProgramName } from './programs'
import { explore } from './scheduler'

/**
 * The commit protocol, run through every interleaving of what a store and a few requests of one session can do.
 * What must hold after each is in `verdict.ts`.
 */

const ALL = Object.keys(PROGRAMS) as ProgramName[]

/** One of each kind of work; the rest are variations for the long run. */
const KINDS: ProgramName[] = [
  ...(['read', 'set', 'pair', 'saveThenSet', 'saveUnawaited', 'destroy', 'unset', 'regenerate'] as const),
  ...(['renew', 'setRenewSet', 'update', 'updateSlowly', 'stream', 'remember', 'saveAfterEnd'] as const),
]

const FEW: ProgramName[] = ['read', 'set', 'destroy', 'regenerate', 'renew', 'update']

const STORES: Array<[string, Setup]> = [
  ['a store of others', { store: 'foreign' }],
  ['our stores', { store: 'backend' }],
]

for (const [words, setup] of STORES) {
  describe(`every schedule on ${words}`, () => {
    test('of one request', async (t) => {
      await everySchedule(t, setup, combinations(ALL, 1))
    })

    test('of one request and two failures of the store', async (t) => {
      await everySchedule(t, { ...setup, faults: { failures: 2 } }, combinations(ALL, 1))
    })

    test('of one request whose client leaves', async (t) => {
      await everySchedule(t, { ...setup, faults: { aborts: 1, failures: 1 } }, combinations(ALL, 1))
    })

    test('of two requests', async (t) => {
      await everySchedule(t, setup, combinations(FULL ? ALL : KINDS, 2))
    })

    test('of two requests and a failure of the store', async (t) => {
      await everySchedule(t, { ...setup, faults: { failures: 1 } }, combinations(FULL ? ALL : FEW, 2))
    })

    test('of two requests and a client that leaves', async (t) => {
      await everySchedule(t, { ...setup, faults: { aborts: 1 } }, combinations(FULL ? ALL : FEW, 2))
    })
  })
}

test('what is left out are schedules that make no difference', async (t) => {
  let left = 0
  for (const [, setup] of STORES) {
    for (const names of [
      ['set', 'read'],
      ['set', 'destroy'],
      ['update', 'unset'],
    ] as ProgramName[][]) {
      const make = worldOf(setup, names)
      const reduced = await explore(make, { sharedNothing: setup.store === 'backend' })
      const plain = await explore(make, { reduce: false })
      assert.deepEqual([...reduced.outcomes].sort(), [...plain.outcomes].sort())
      assert.equal(plain.violations.length, 0)
      left += plain.schedules - reduced.schedules
    }
  }
  t.diagnostic(`${left} schedules left out, with the same outcomes`)
})

for (const [words, setup] of STORES) {
  test(`any schedule of three requests with failures and clients that leave, on ${words}`, (t) =>
    someSchedules(t, { ...setup, faults: { failures: 1, aborts: 1 } }, ALL, 3, FULL ? 20_000 : 1000))
}
