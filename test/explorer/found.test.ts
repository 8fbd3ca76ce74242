import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Setup, worldOf } from './groups'
import type { ProgramName } from './programs'
import { replay } from './scheduler'

/** Schedules that were wrong once, by what went wrong in them. */
interface Found {
  readonly right: string
  readonly setup: Setup
  readonly programs: readonly ProgramName[]
  readonly schedule: readonly string[]
}

const FOUND: Found[] = [
  {
    right:
      'changes of a client that left are told of as lost when their turn at a slow store did not come in time',
    setup: { store: 'foreign', timeoutMs: 1000, faults: { timeouts: 1, aborts: 1 } },
    programs: ['events', 'renewThenDestroy'],
    schedule: [
      'r1 starts',
      'r2 starts',
      'r2.1 get seed happens',
      'r1 is left by its client',
      'r1.1 get seed happens',
      'r2.1 get seed answers',
      "r2.2 set r2's happens",
      'r1.1 get seed answers',
      "r2.2 set r2's answers",
      'timer 4 runs out',
      'r1 goes on 1',
      'r2.3 destroy seed happens',
      'r2.3 destroy seed answers',
      "r2.4 destroy r2's happens",
      "r2.4 destroy r2's answers",
    ],
  },
  {
    right: 'an end is final also for a write that was given up before, and happens when nobody waits for it',
    setup: { store: 'foreign', timeoutMs: 1000, faults: { timeouts: 4 } },
    programs: ['destroy', 'events'],
    schedule: [
      'r2 starts',
      'r2 is left by its client',
      'r2.1 get seed happens',
      'r2.1 get seed answers',
      'r2 goes on 1',
      'timer 2 runs out',
      'timer 3 runs out',
      'r1 starts',
      'r1.1 get seed happens',
      'r1.1 get seed answers',
      'r1.2 destroy seed happens',
      'r1.2 destroy seed answers',
      'r2.2 set seed happens',
      'r2.2 set seed answers',
    ],
  },
]

describe('a schedule that was wrong once is right', () => {
  for (const { right, setup, programs, schedule } of FOUND) {
    test(right, async () => {
      assert.deepEqual(await replay(worldOf(setup, programs), schedule), [])
    })
  }
})
