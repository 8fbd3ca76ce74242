import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Case } from './support/case'
import { CASES } from './support/cases'
import { MODES, REFERENCE } from './support/modes'
import { type Observation, Observer } from './support/observe'
import { suiteOwner } from './support/suite-owner'

describe('a response on plain node:http is what it would be without a session', () => {
  const owner = suiteOwner()
  let reference: Observer
  const known = new Map<Case, Observation>()
  before(async () => {
    reference = await Observer.start(owner, 'node:http', REFERENCE)
  })
  for (const mode of MODES) {
    describe(mode.name, () => {
      let observer: Observer
      before(async () => {
        observer = await Observer.start(owner, 'node:http', mode)
      })
      for (const tried of CASES) {
        it(tried.name, { timeout: 3000 }, async () => {
          known.set(tried, known.get(tried) ?? (await reference.observe(tried)))
          assert.deepEqual(await observer.observe(tried), known.get(tried))
        })
      }
    })
  }
})
