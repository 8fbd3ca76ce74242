import { describe } from 'node:test'
import { CASES } from './support/cases'
import { EXPRESS } from './support/cases-express'
import { MODES } from './support/modes'
import { compareAll } from './support/observe'

/** The mode that interferes most: a cookie to put, and the response held for the save. */
const [HARDEST] = MODES.slice(-1)
const modes = HARDEST ? [HARDEST] : []

/** A third of the cases for each, since all of them were tried on plain node:http. */
for (const [index, kind] of (['connect', 'express 4', 'express 5'] as const).entries()) {
  const some = CASES.filter((tried, at) => at % 3 === index && !(tried.list && kind !== 'connect'))
  describe(`a response on ${kind} is what it would be without a session`, () => {
    compareAll({ kind }, modes, some)
  })
}

for (const kind of ['express 4', 'express 5'] as const) {
  describe(`what ${kind} sends is what it would send without a session`, () => {
    compareAll({ kind }, kind === 'express 5' ? MODES : modes, EXPRESS)
  })
}

describe('a response over https is what it would be without a session', () => {
  const some = CASES.filter((_, index) => index % 4 === 0)
  compareAll({ kind: 'node:http', https: true }, modes, some)
})
