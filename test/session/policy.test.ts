import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { badOption, SessionError, storeError, describe as told } from '../../lib/base/errors'
import { readOptions } from '../../lib/session/policy'

describe('options become a policy', () => {
  const quiet = { resave: false, saveUninitialized: false }

  it('that is frozen, with the defaults of express-session', () => {
    const policy = readOptions(quiet)
    assert.ok(Object.isFrozen(policy))
    assert.deepEqual(
      { ...policy },
      {
        ...{
          name: 'connect.sid',
          signer: undefined,
          genid: undefined,
          proxy: undefined,
          onError: undefined,
          refusesWhenDown: false,
          resave: false,
          rolling: false,
        },
        ...{ saveUninitialized: false, unsetDestroys: false, idleMs: Number.POSITIVE_INFINITY },
        ...{ absoluteMs: Number.POSITIVE_INFINITY, touchAfterMs: undefined, concurrency: 'merge' },
        ...{ storeTimeoutMs: 10_000, skip: undefined, cacheControl: true },
      },
    )
  })

  it('from numbers and nothing, as express-session takes them', () => {
    const policy = readOptions({
      resave: 1,
      saveUninitialized: 0,
      rolling: 1,
      proxy: 0,
      unset: '',
      genid: null,
      name: '',
    } as any)
    assert.equal(policy.resave, true)
    assert.equal(policy.saveUninitialized, false)
    assert.equal(policy.rolling, true)
    assert.equal(policy.proxy, undefined, 'there only true and false are looked at')
    assert.equal(policy.unsetDestroys, false)
    assert.equal(policy.genid, undefined)
    assert.equal(policy.name, 'connect.sid')
  })

  it('null and nothing are no options', () => {
    for (const given of [undefined, null, {}]) assert.equal(readOptions(given).resave, true)
  })

  it('time-outs in milliseconds', () => {
    const policy = readOptions({
      ...quiet,
      idleTimeout: 5,
      absoluteTimeout: 6.5,
      touchAfter: 0,
      storeTimeout: 7,
    })
    assert.deepEqual(
      [policy.idleMs, policy.absoluteMs, policy.touchAfterMs, policy.storeTimeoutMs],
      [5, 6.5, 0, 7],
    )
    for (const storeTimeout of [false, Number.POSITIVE_INFINITY]) {
      assert.equal(readOptions({ ...quiet, storeTimeout }).storeTimeoutMs, Number.POSITIVE_INFINITY)
    }
  })
})

describe('what a message says of a wrong value', () => {
  it('is the value and its type, and no more than needed', () => {
    for (const [value, words] of [
      ['1h', '"1h" (string)'],
      [5, '5 (number)'],
      [null, 'null'],
      [undefined, 'undefined (undefined)'],
      [true, 'true (boolean)'],
      [10n, '10 (bigint)'],
      [Symbol('s'), 'Symbol(s) (symbol)'],
      [[1, 2], 'an array of 2'],
      [{ secret: 'hidden' }, 'an object (Object)'],
      [new Date(0), 'an object (Date)'],
      [Object.create(null), 'an object (no prototype)'],
      [() => 'hidden', 'a function'],
    ] as const) {
      assert.equal(told(value), words)
    }
    assert.ok(told('x'.repeat(10_000)).length < 120)
    assert.throws(() => badOption('a', 'b', 1), {
      name: 'TypeError',
      code: 'ERR_SESSION_OPTION',
      message: 'option a: expected b, got 1 (number)',
    })
  })

  it('a failure of a store is told once, with its cause', () => {
    const cause = new Error('disk full')
    const error = storeError('set', cause)
    assert.equal(error.code, 'ERR_SESSION_STORE')
    assert.equal(error.cause, cause)
    assert.equal(error.name, 'SessionError')
    assert.equal(storeError('get', error), error)
    assert.match(storeError('get', 'out of order').message, /out of order/)
    assert.ok(error instanceof SessionError && error instanceof Error)
  })
})
