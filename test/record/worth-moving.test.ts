import assert from 'node:assert/strict'
import { test } from 'node:test'
import { worthMoving } from '../../lib/record/expiry'

const NOW = 1_800_000_000_000
const HALF_AN_HOUR = 1_800_000

test('a deadline that a store gives back off by a few milliseconds is not written again', () => {
  const to = NOW + HALF_AN_HOUR
  for (const off of [-20, -1, 0, 1, 20, 900]) {
    assert.equal(worthMoving(to + off, to, NOW, undefined), false, `${off}`)
    if (off >= 0) assert.equal(worthMoving(to + off, to, NOW, 0), false, `${off}, touchAfter 0`)
  }
})

test('a shorter life is written, however short', () => {
  for (const [from, to] of [
    [HALF_AN_HOUR, HALF_AN_HOUR / 2],
    [HALF_AN_HOUR, HALF_AN_HOUR - 1001],
    [40, 20],
    [5, -1],
  ] as const)
    assert.equal(worthMoving(NOW + from, NOW + to, NOW, 60_000), true, `from ${from} to ${to}`)
})
