import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Entry, Replaced } from '../../lib/backend/contract'
import { Exchange } from '../../lib/exchange/exchange'
import { Sequence } from '../../lib/exchange/sequence'
import { Flights } from '../../lib/keeper/foreign/flights'
import { ForeignKeeper } from '../../lib/keeper/foreign/keeper'
import { ForeignOrder } from '../../lib/keeper/foreign/order'
import { CommitQueue, Joiner } from '../../lib/keeper/own/commit-queue'
import { Draft } from '../../lib/keeper/own/draft'
import { exploreAll, type Setup, shortest } from './groups'
import type { ProgramName } from './programs'
import { ScriptedBackend } from './scripted-backend'
import { QuickReadBackend } from './variants'

/** The protocol with one of its rules broken: the explorer must find out, and shows the shortest schedule. */
interface Broken {
  readonly rule: string
  readonly setup: Setup
  readonly programs: readonly ProgramName[]
  readonly finds: RegExp
  breakIt?(): () => void
}

/** Puts another method in place. @returns what puts the old one back */
function replaced(prototype: any, name: string, make: (own: any) => any): () => void {
  const before = Object.getOwnPropertyDescriptor(prototype, name)
  if (!before) throw new Error(`there is no ${name} any more`)
  const value = make(before.value)
  Object.defineProperty(prototype, name, { configurable: true, writable: true, value })
  return () => Object.defineProperty(prototype, name, before)
}

/** Writes over whatever stands there. */
class BlindBackend extends ScriptedBackend {
  protected override swap(key: string, _seen: string, entry: Entry): Replaced {
    if (!this.live(key)) return undefined
    this.write(key, entry)
    return true
  }
}

/** Writes what was ended as if it had been there. */
class UpsertingBackend extends ScriptedBackend {
  protected override swap(key: string, seen: string, entry: Entry): Replaced {
    if (this.live(key)) return super.swap(key, seen, entry)
    this.write(key, entry)
    return true
  }
}

/** Its touch brings back what was ended. */
class CreatingBackend extends ScriptedBackend {
  readonly #ended = new Map<string, Entry>()

  protected override drop(key: string): boolean {
    const entry = this.live(key)
    if (entry) this.#ended.set(key, entry)
    return super.drop(key)
  }

  protected override move(key: string, expires: number): boolean {
    const ended = this.#ended.get(key)
    if (ended && !this.live(key)) this.write(key, { ...ended, expires })
    return super.move(key, expires)
  }
}

const BROKEN: Broken[] = [
  {
    rule: 'commits of one session queue',
    setup: { store: 'foreign' },
    programs: ['set', 'set'],
    finds: /has lost a-r[12]/,
    breakIt: () =>
      replaced(Flights.prototype, 'queue', () => (_flight: unknown, work: () => unknown) => work()),
  },
  {
    rule: 'a session has a new version when its write is answered, not when it is asked for',
    setup: { store: 'foreign' },
    programs: ['set', 'set'],
    finds: /has lost a-r[12]/,
    breakIt: () =>
      replaced(
        ForeignOrder.prototype,
        'set',
        () =>
          async function (this: ForeignOrder, held: any, flight: any, live: any) {
            held.version = this.flights.written(flight)
            held.agree(await this.store.set(flight.id, live, () => {}))
          },
      ),
  },
  {
    rule: 'the version that a request knows is that of before its load',
    setup: { store: 'foreign' },
    programs: ['set', 'set'],
    finds: /has lost a-r[12]/,
    breakIt: () =>
      replaced(
        ForeignKeeper.prototype,
        'load',
        (own) =>
          async function (this: ForeignKeeper, id: string) {
            const loaded = await own.call(this, id)
            if (loaded) loaded.known.version = loaded.known.flight.version
            return loaded
          },
      ),
  },
  {
    rule: 'who was on board when a session was ended cannot write it',
    setup: { store: 'foreign' },
    programs: ['set', 'destroy'],
    finds: /written after its end/,
    breakIt: () =>
      replaced(
        Flights.prototype,
        'end',
        () =>
          function (this: Flights, id: string) {
            return this.board(id)
          },
      ),
  },
  {
    rule: 'what comes next waits for a write that was given up',
    setup: { store: 'foreign', timeoutMs: 1000, faults: { timeouts: 1 } },
    programs: ['set', 'set'],
    finds: /has lost a-r[12]/,
    breakIt: () =>
      replaced(
        Flights.prototype,
        'queue',
        (own) =>
          function (this: Flights, flight: any, work: unknown) {
            Object.defineProperty(flight, 'unanswered', { configurable: true, get: () => {}, set: () => {} })
            return own.call(this, flight, work)
          },
      ),
  },
  {
    rule: 'a response waits for its save',
    setup: { store: 'foreign' },
    programs: ['set'],
    finds: /was told that a-r1 is saved/,
    breakIt: () =>
      replaced(
        Exchange.prototype,
        'beforeHeaders',
        (own) =>
          function (this: Exchange, ending: boolean) {
            Promise.resolve(own.call(this, ending)).catch(() => {})
          },
      ),
  },
  {
    rule: 'a request commits once at a time',
    setup: { store: 'backend', faults: { aborts: 1 } },
    programs: ['login'],
    finds: /nobody has its id|writes 2 times/,
    breakIt: () => {
      const before = Object.getOwnPropertyDescriptor(Sequence.prototype, 'busy') as PropertyDescriptor
      Object.defineProperty(Sequence.prototype, 'busy', { configurable: true, get: () => undefined })
      return () => Object.defineProperty(Sequence.prototype, 'busy', before)
    },
  },
  {
    rule: 'a write that meets another takes its changes along',
    setup: { store: 'backend', Backend: BlindBackend },
    programs: ['set', 'set'],
    finds: /has lost a-r[12]/,
  },
  {
    rule: 'a write creates nothing',
    setup: { store: 'backend', Backend: UpsertingBackend },
    programs: ['set', 'destroy'],
    finds: /written after its end/,
  },
  {
    rule: 'a touch creates nothing',
    setup: { store: 'backend', Backend: CreatingBackend },
    programs: ['read', 'destroy'],
    finds: /written after its end/,
  },
  {
    rule: 'what is written together has the changes of all in it',
    setup: { store: 'backend', Backend: QuickReadBackend },
    programs: ['set', 'set', 'set'],
    finds: /was told that a-r[123] is saved/,
    breakIt: () =>
      replaced(
        Draft.prototype,
        'joinInto',
        (own) =>
          function (this: Draft, merging: any, theirs: unknown, first: boolean) {
            return own.call(this, first ? merging : { ...merging, data: {} }, theirs, first)
          },
      ),
  },
  {
    rule: 'when what is written together fails, each is told',
    setup: { store: 'backend', Backend: QuickReadBackend, faults: { failures: 1 } },
    programs: ['set', 'set', 'set'],
    finds: /was told that a-r[123] is saved/,
    breakIt: () =>
      replaced(
        Object.getPrototypeOf(Joiner.prototype),
        'fail',
        () =>
          function (this: Joiner) {
            this.settle('merged')
          },
      ),
  },
  {
    rule: 'one who has had its turn lets the next one have it',
    setup: { store: 'backend', Backend: QuickReadBackend },
    programs: ['set', 'set'],
    finds: /hangs: no response/,
    breakIt: () => replaced(CommitQueue.prototype, 'next', () => () => {}),
  },
]

describe('the explorer finds out when', () => {
  for (const { rule, setup, programs, finds, breakIt } of BROKEN) {
    test(`it is no longer so that ${rule}`, async (t) => {
      const mend = breakIt?.()
      const seen = await exploreAll(setup, programs).finally(() => mend?.())
      const found = shortest(seen.violations.filter(({ wrong }) => wrong.some((words) => finds.test(words))))
      const others = new Set(seen.violations.flatMap(({ wrong }) => wrong))
      assert.ok(found, `not found in ${seen.schedules} schedules; ${[...others].join('; ')}`)
      t.diagnostic(
        `${seen.violations.length} of ${seen.schedules} schedules; the shortest: ${found.wrong.join('; ')}`,
      )
      for (const step of found.schedule) t.diagnostic(`  ${step}`)
    })
  }
})
