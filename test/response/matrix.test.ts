import { describe } from 'node:test'
import { MODES } from './support/modes'
import { compareAll } from './support/observe'

describe('a response on plain node:http is what it would be without a session', () => {
  compareAll({ kind: 'node:http' }, MODES)
})
