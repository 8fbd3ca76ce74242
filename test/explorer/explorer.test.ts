import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Faults } from './calls'
import {
  combinations,
  everySchedule,
  type Setup,
  sharedNothing,
  someSchedules,
  WIDE,
  worldOf,
} from './groups'
import { PROGRAMS, type ProgramName } from './programs'
import { explore } from './scheduler'
import { ExpressStore, LateTextStore, QuickReadBackend, SyncBackend, SyncStore } from './variants'
import type { SessionWorld } from './world'

/**
 * The commit protocol, run through every interleaving of what a store and a few requests of one session can do.
 * What must hold after each is in `promises/`; README.md explains the words.
 */

const ALL = Object.keys(PROGRAMS) as ProgramName[]

/** One of each kind of work; the rest are variations, for the long run. */
const KINDS: ProgramName[] = [
  ...(['read', 'set', 'pair', 'saveThenSet', 'destroy', 'unset', 'regenerate', 'setRenewSet'] as const),
  ...(['update', 'stream', 'saveBesideDestroy'] as const),
]

/** By hand the pairs of these, which take a third of the time; in CI those of all kinds. */
const MAIN: ProgramName[] =
  WIDE || process.env['CI'] === 'true'
    ? KINDS
    : ['read', 'set', 'destroy', 'regenerate', 'setRenewSet', 'update']

const FEW: ProgramName[] = ['read', 'set', 'destroy', 'regenerate']

const TRIPLES: ProgramName[][] = [['set', 'set', 'destroy']]

/** Small enough to be run without leaving anything out. */
const SMALL: ProgramName[][] = [
  ['set', 'read'],
  ['set', 'destroy'],
  ['update', 'unset'],
]

const LATE: Faults[] = [
  { timeouts: 1, silences: 1 },
  { repeats: 1 },
  ...(WIDE ? [{ timeouts: 2, silences: 1 }] : []),
]

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

    test('of one request, a client that leaves and a failure of the store', async (t) => {
      await everySchedule(t, { ...setup, faults: { aborts: 1, failures: 1 } }, combinations(ALL, 1))
    })

    test('of one request and a store that answers too late, twice, or not at all', async (t) => {
      for (const faults of LATE) {
        await everySchedule(t, { ...setup, timeoutMs: 1000, faults }, combinations(ALL, 1))
      }
    })

    test('of two requests', async (t) => {
      await everySchedule(t, setup, combinations(WIDE ? ALL : MAIN, 2))
    })

    test('of two requests and a failure of the store', async (t) => {
      await everySchedule(t, { ...setup, faults: { failures: 1 } }, combinations(WIDE ? ALL : FEW, 2))
    })

    test('of two requests and a client that leaves', async (t) => {
      await everySchedule(t, { ...setup, faults: { aborts: 1 } }, combinations(WIDE ? ALL : FEW.slice(1), 2))
    })

    test('of two requests and a store that answers too late', async (t) => {
      const late = { ...setup, timeoutMs: 1000, faults: { timeouts: 1 } }
      await everySchedule(t, late, combinations(WIDE ? ALL : ['set', 'destroy'], 2))
    })

    test('of three requests', async (t) => {
      // Three on our stores in one process, whatever they wait for, are below: here only the store is between them.
      const apart = setup.store === 'backend' && !WIDE ? { ...setup, processes: true } : setup
      await everySchedule(t, apart, WIDE ? combinations([...FEW, 'renew', 'update'], 3) : TRIPLES)
    })

    test('of two requests whose conflicts are refused, or won by the last', async (t) => {
      for (const concurrency of ['reject', 'overwrite'] as const) {
        await everySchedule(t, { ...setup, options: { concurrency } }, combinations(WIDE ? KINDS : FEW, 2))
      }
    })

    test('of two requests that write unchanged sessions too', async (t) => {
      for (const options of [{ resave: true }, { idleTimeout: 1_800_000 }]) {
        await everySchedule(t, { ...setup, options }, combinations(WIDE ? KINDS : FEW, 2))
      }
    })
  })
}

describe('every schedule of commits that wait for each other in one process', () => {
  const setup: Setup = { store: 'backend', Backend: QuickReadBackend }
  const sets: ProgramName[][] = [['set', 'set', 'set']]
  const others: ProgramName[][] = [
    ...TRIPLES,
    ...(WIDE
      ? ([
          ['set', 'set', 'update'],
          ['update', 'updateSlowly', 'set'],
        ] as ProgramName[][])
      : []),
    ...[['set', 'conflict', 'conflict'] as ProgramName[], ['set', 'set', 'renew'] as ProgramName[]],
  ]

  test('and are written together', async (t) => {
    await everySchedule(t, setup, [...sets, ...others])
  })

  test('where the store fails, and each is told', async (t) => {
    await everySchedule(t, { ...setup, faults: { failures: 1 } }, sets)
  })

  test('where a client leaves while it waits', async (t) => {
    await everySchedule(t, { ...setup, faults: { aborts: 1 } }, sets)
  })

  test('where the store answers too late, and who waits for its turn gives up', async (t) => {
    const names: ProgramName[] = ['set', 'conflict', 'renew', 'update']
    const faults = { timeouts: 3, failures: 1, aborts: 1 }
    await someSchedules(t, { ...setup, timeoutMs: 1000, faults }, names, 4, 150)
  })

  test('where conflicts are refused', async (t) => {
    await everySchedule(t, { ...setup, options: { concurrency: 'reject' } }, sets)
  })
})

const VARIANTS: Array<[string, Setup]> = [
  ['takes the text of a session when it writes it', { store: 'foreign', Store: LateTextStore }],
  ["inherits express-session's own methods", { store: 'foreign', Store: ExpressStore }],
  ['does all at once', { store: 'foreign', Store: SyncStore }],
  ['is one of ours and answers at once', { store: 'backend', Backend: SyncBackend }],
  ['is one of ours and shared by processes', { store: 'backend', processes: true }],
]

describe('every schedule of two requests on a store that', () => {
  // An application that calls a method which the store has from express-session passes by all of ours.
  const programs = (WIDE ? ALL : FEW.slice(1)).filter((name) => name !== 'storeRegenerate')
  for (const [words, setup] of VARIANTS) {
    test(words, async (t) => {
      await everySchedule(t, setup, combinations([...programs, 'saveBehindBack'], 2))
    })
  }
})

test('two visitors who draw the same id get two sessions, in every schedule', async (t) => {
  for (const [, setup] of STORES) {
    const make = () => {
      const ids = ['same', 'same', 'another', 'a-third']
      const options = { genid: () => ids.shift() as string }
      return worldOf({ ...setup, options }, ['newcomer', 'newcomer'])()
    }
    const worlds: SessionWorld[] = []
    const seen = await explore(() => {
      const world = make()
      worlds.push(world)
      return world
    })
    assert.ok(seen.whole && seen.schedules > 1)
    for (const world of worlds.filter(({ visits }) => visits.every(({ status }) => status === 200))) {
      const cookies = world.visits.map(({ res }) => world.cookieIn(res) as string)
      const [one, two] = cookies.map((id) => world.record(id))
      assert.ok(one?.['a-r1'] && !one['a-r2'] && two?.['a-r2'] && !two['a-r1'])
    }
    t.diagnostic(`explored ${seen.schedules} schedules`)
  }
})

test('what is left out are schedules that make no difference', async (t) => {
  let left = 0
  const setups: Setup[] = [...STORES.map(([, setup]) => setup), { store: 'backend', processes: true }]
  for (const setup of setups) {
    for (const names of SMALL) {
      const make = worldOf(setup, names)
      const reduced = await explore(make, { sharedNothing: sharedNothing(setup) })
      const plain = await explore(make, { reduce: false })
      assert.deepEqual([...reduced.outcomes].sort(), [...plain.outcomes].sort())
      assert.equal(plain.violations.length, 0)
      left += plain.schedules - reduced.schedules
    }
  }
  t.diagnostic(`${left} schedules left out, with the same outcomes`)
})

for (const [words, setup] of STORES) {
  test(`any schedule of three requests, failures and clients that leave, on ${words}`, async (t) => {
    const faults = { failures: 1, aborts: 1 }
    await someSchedules(t, { ...setup, faults }, ALL, 3, 300)
  })

  test(`any schedule of three requests and late, missing or double answers, on ${words}`, async (t) => {
    const faults = { timeouts: 3, silences: 1, repeats: 1, aborts: 1 }
    await someSchedules(t, { ...setup, timeoutMs: 1000, faults }, ALL, 3, 600)
  })
}
