import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fingerprint, generateId, ID_LENGTH_MAX, isUsableId } from '../../lib/base/ids'
import { cookieEnd, deadlineAt, timedOut } from '../../lib/record/expiry'

const never = Number.POSITIVE_INFINITY
const NONE = { idleMs: never, absoluteMs: never }

describe('when a record may be dropped', () => {
  it('with the cookie, by the ttl, or by a time-out: whatever comes first', () => {
    const cases: Array<
      [
        now: number,
        cookie: number | undefined,
        ttl: number,
        created: number,
        idle: number,
        absolute: number,
        end: number,
      ]
    > = [
      [1000, undefined, never, 0, never, never, never],
      [1000, undefined, 50, 0, never, never, 1050],
      [1000, 1500, 50, 0, never, never, 1500],
      [1000, 1500, 50, 0, 100, never, 1100],
      [1000, undefined, never, 900, never, 300, 1200],
      [1000, 5000, never, 900, 1000, 300, 1200],
      [1000, 900, never, 0, never, never, 900],
    ]
    for (const [now, cookie, ttl, created, idleMs, absoluteMs, end] of cases) {
      assert.equal(deadlineAt(now, cookie, ttl, created, { idleMs, absoluteMs }), end)
    }
  })

  it('the end of a cookie is a Date, ISO text or epoch milliseconds; anything else is none', () => {
    const at = Date.UTC(2031, 0, 1)
    for (const expires of [new Date(at), new Date(at).toISOString(), at]) assert.equal(cookieEnd(expires), at)
    for (const expires of [null, undefined, false, 'never', new Date(Number.NaN), Number.NaN] as const) {
      assert.equal(cookieEnd(expires), undefined)
    }
    assert.equal(cookieEnd(0), 0)
  })
})

describe('whether a time-out has ended a session', () => {
  it('at the very millisecond, the absolute one first', () => {
    const limits = { idleMs: 100, absoluteMs: 1000 }
    assert.equal(timedOut(1099, 1000, 1000, limits), undefined)
    assert.equal(timedOut(1100, 1000, 1000, limits), 'idle')
    assert.equal(timedOut(1999, 1000, 1950, limits), undefined)
    assert.equal(timedOut(2000, 1000, 1999, limits), 'absolute')
    assert.equal(timedOut(9000, 1000, 1000, limits), 'absolute')
    assert.equal(timedOut(9000, 1000, 1000, NONE), undefined)
  })

  it('a record that does not say when it was made or used is not ended', () => {
    assert.equal(timedOut(9000, 0, 0, { idleMs: 1, absoluteMs: 1 }), undefined)
  })
})

describe('a session id', () => {
  it('has 32 characters of base64url, and no two are the same', () => {
    const ids = new Set(Array.from({ length: 1000 }, generateId))
    assert.equal(ids.size, 1000)
    for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{32}$/)
  })

  it('is looked at before a store sees it', () => {
    for (const id of ['a', 'x'.repeat(ID_LENGTH_MAX), 'a/b:c', 'ü', '__proto__'])
      assert.ok(isUsableId(id), id)
    for (const id of [
      '',
      'x'.repeat(ID_LENGTH_MAX + 1),
      'a b',
      'a\n',
      '\0',
      '\x7f',
      5,
      null,
      undefined,
      {},
    ]) {
      assert.ok(!isUsableId(id), String(id))
    }
  })

  it('is told by a fingerprint that says nothing of it', () => {
    assert.match(fingerprint('id'), /^[A-Za-z0-9_-]{12}$/)
    assert.notEqual(fingerprint('id'), fingerprint('ie'))
    assert.equal(fingerprint('id'), fingerprint('id'))
  })
})
