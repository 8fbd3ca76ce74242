import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Repeat } from '../../lib/base/repeat'
import { stopTimers, turns } from '../support/clock'

describe('Repeat', () => {
  it('calls again and again, each time after the interval ±25 %', (t) => {
    const clock = stopTimers(t)
    const started = clock.now()
    const at: number[] = []
    const repeat = new Repeat({
      intervalMs: 1000,
      work: () => void at.push(clock.now() - started),
    })
    for (let ms = 0; ms < 100_000; ms++) clock.advance(1)
    repeat.stop()
    const waits = at.map((ms, n) => ms - (at[n - 1] ?? 0))
    assert.ok(waits.length >= 80 && waits.length <= 134, `${waits.length} calls`)
    assert.ok(Math.min(...waits) >= 750 && Math.max(...waits) <= 1251, String(waits))
    assert.ok(Math.max(...waits) - Math.min(...waits) > 100, 'not always the same')
  })

  it('waits for work that takes its time, and goes on after work that failed', async (t) => {
    const clock = stopTimers(t)
    let finish = () => {}
    let calls = 0
    const errors: unknown[] = []
    const repeat = new Repeat({
      intervalMs: 1000,
      work: () => {
        if (++calls === 2) throw new Error('at once')
        return new Promise<undefined>((resolve, reject) => {
          finish = () => (calls === 1 ? reject(new Error('later')) : resolve(undefined))
        })
      },
      onError: (error) => errors.push((error as Error).message),
    })
    clock.advance(10_000)
    await turns()
    assert.equal(calls, 1, 'one at a time')
    finish()
    await turns()
    clock.advance(1250)
    assert.equal(calls, 2)
    clock.advance(1250)
    assert.equal(calls, 3)
    assert.deepEqual(errors, ['later', 'at once'])
    repeat.stop()
    finish()
    await turns()
    clock.advance(10_000)
    assert.equal(calls, 3, 'stopped while at work, it does not come back')
  })

  it('tells nothing of what fails after it was stopped', async (t) => {
    const clock = stopTimers(t)
    let fail = (_: Error) => {}
    let told = 0
    const repeat = new Repeat({
      intervalMs: 10,
      work: () => new Promise<undefined>((_, reject) => (fail = reject)),
      onError: () => told++,
    })
    clock.advance(13)
    repeat.stop()
    fail(new Error('cut off'))
    await turns()
    assert.equal(told, 0)
  })

  it('keeps an interval longer than a timer of Node.js can wait', (t) => {
    const clock = stopTimers(t)
    let calls = 0
    const repeat = new Repeat({ intervalMs: 2 ** 40, work: () => void calls++ })
    clock.advance(86_400_000)
    assert.equal(calls, 0)
    repeat.stop()
  })

  it('keeps no process alive', () => {
    const active = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = active()
    const repeat = new Repeat({ intervalMs: 1000, work: () => undefined })
    assert.equal(active(), before)
    repeat.stop()
  })
})
