/** Applications replace the ambient timers in their tests: jsdom by a browser's, Jest and sinon by fakes, others by stubs. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { timers } from '../../lib/base/timers'
import { MemoryStore } from '../../lib/store/memory'
import { type Clock, stopTimers } from '../support/clock'

/** Time for a sweep of all records, in steps: timers that timers start run in the next one. */
function pass(clock: Clock): void {
  for (let i = 0; i < 700; i++) clock.advance(125)
}

const record = (maxAge = 1000) =>
  ({ cookie: { originalMaxAge: maxAge, expires: new Date(Date.now() + maxAge) } }) as never

describe('timers of an application', () => {
  it('no store and no time limit needs them, whatever stands in their place when it is loaded', () => {
    const script = join(__dirname, '../support/without-timers.ts')
    const printed = execFileSync(process.execPath, ['--import', 'tsx', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    assert.equal(printed.trim(), 'all worked')
  })

  it('MemoryStore has no timer before there is a session, one while there are, none after the last', (t) => {
    const clock = stopTimers(t)
    const made = t.mock.method(timers, 'setTimeout')
    const store = new MemoryStore()
    pass(clock)
    assert.equal(made.mock.callCount(), 0)
    store.set('a', record())
    store.set('b', record())
    assert.equal(made.mock.callCount(), 1)
    pass(clock)
    assert.equal(store.backend.size, 0)
    const ended = made.mock.callCount()
    pass(clock)
    assert.equal(made.mock.callCount(), ended)
    store.set('c', record())
    assert.equal(made.mock.callCount(), ended + 1)
    pass(clock)
    assert.equal(store.backend.size, 0)
  })
})
