import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { sojourn } from '../support/kits'
import type { Verdict } from './case'
import { CASES } from './express-session'
import { verdictsOf } from './verdicts'

describe('faults of express-session', () => {
  // In a process of its own, since some of them crash it.
  let theirs: Map<number, Verdict>
  before(async () => {
    theirs = new Map((await verdictsOf('express-session')).map((verdict) => [verdict.number, verdict]))
  })

  for (const one of CASES) {
    it(`${one.number}: ${one.title}`, async (t) => {
      await one.run(sojourn, t)
    })

    it(`${one.number}: express-session has this fault`, () => {
      assert.ok(theirs.get(one.number)?.failure, 'it passes there: the comparison is out of date')
    })
  }
})
