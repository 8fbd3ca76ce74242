import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applyDelta, deltaBetween } from '../../lib/record/delta'
import {
  dataText,
  dataTextOf,
  joinRecord,
  parseData,
  parseRecord,
  unserializableKey,
} from '../../lib/record/text'

const textOf = (body: string) => dataTextOf(body, JSON.parse(body))

describe('the data text of a record', () => {
  const data = [
    '{}',
    '{"a":1}',
    '{"a":{"cookie":{"b":1}},"c":"}"}',
    '{"text":"\\"},{\\"cookie\\":\\\\"}',
    '{"":0,"__proto__":{"a":1},"constructor":null}',
    '{"7":1,"b":[{},[],""]}',
    '{"ü\u2028":"\\ud800 \\\\\\" 😀"}',
  ]
  const cookies = [
    '{}',
    '{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"}',
    '{"path":"/}\\"{,","own":["path"],"nested":{"a":{"b":"\\\\"}}}',
    '{"path":"\\\\\\\\"}',
  ]
  for (const text of data) {
    it(`${text} is cut out of the record without writing JSON again`, () => {
      for (const cookie of cookies) {
        const body = joinRecord(cookie, text)
        assert.equal(textOf(body), text)
        assert.equal(dataText(JSON.parse(body)), text, 'as JSON would write it')
        assert.deepEqual(parseRecord(body)?.cookie, JSON.parse(cookie))
      }
    })
  }

  it('is right also where the cookie does not come first, or with blanks between', () => {
    assert.equal(textOf('{"a":1,"cookie":{"path":"/"},"b":2}'), '{"a":1,"b":2}')
    assert.equal(textOf('{"a":1,"cookie":{}}'), '{"a":1}')
    assert.equal(textOf('{ "cookie": {"path":"/"}, "a": 1 }'), '{"a":1}')
    assert.equal(textOf('{"cookie":{"path":"/"} , "a":1}'), '{"a":1}')
  })

  it('leaves out the top-level cookie alone', () => {
    assert.equal(
      dataText({ cookie: { path: '/' }, basket: { cookie: 'oat' } }),
      '{"basket":{"cookie":"oat"}}',
    )
    assert.equal(dataText({ cookie: 1 }), '{}')
    assert.equal(dataText({ a: undefined, b: () => {}, c: Symbol('c') }), '{}')
  })

  it('a key named __proto__ is data like any other', () => {
    const session = JSON.parse('{"cookie":{},"__proto__":{"admin":true}}')
    assert.equal(dataText(session), '{"__proto__":{"admin":true}}')
    const parsed = parseData('{"__proto__":{"admin":true},"a":1}')
    assert.deepEqual(Object.keys(parsed), ['__proto__', 'a'])
    assert.equal(parsed['admin'], undefined)
  })
})

describe('a record', () => {
  it('that is no session is told from one that is', () => {
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '5',
      '"x"',
      '{}',
      '{"cookie":null}',
      '{"cookie":[]}',
      '{"cookie":1}',
    ]) {
      assert.equal(parseRecord(body), undefined, body)
    }
    assert.deepEqual(parseRecord('{"cookie":{},"a":1}'), { cookie: {}, a: 1 })
  })

  it('names the key that JSON cannot write', () => {
    const circle: any = {}
    circle.self = circle
    assert.equal(unserializableKey({ cookie: circle, a: 1, b: { c: circle }, d: 1n }), 'b')
    assert.equal(unserializableKey({ a: 1n }), 'a')
    assert.equal(unserializableKey({ a: 1, cookie: 1n }), undefined)
  })
})

describe('the delta between two data texts', () => {
  const CASES: Array<[base: string, mine: string, theirs: string, merged: string]> = [
    ['{"a":1}', '{"a":1}', '{"a":2,"b":3}', '{"a":2,"b":3}'],
    ['{"a":1}', '{"a":1,"b":2}', '{"a":1,"c":3}', '{"a":1,"c":3,"b":2}'],
    ['{"a":1}', '{"a":2}', '{"a":3}', '{"a":2}'],
    ['{"a":1,"b":1}', '{"b":1}', '{"a":9,"b":2}', '{"b":2}'],
    ['{"a":1}', '{}', '{"b":1}', '{"b":1}'],
    ['{}', '{"a":null,"b":false,"c":0,"d":""}', '{"a":1}', '{"a":null,"b":false,"c":0,"d":""}'],
    ['{"a":0}', '{"a":null}', '{"a":0}', '{"a":null}'],
    ['{"a":{"x":1,"y":1}}', '{"a":{"x":2,"y":1}}', '{"a":{"x":1,"y":2}}', '{"a":{"x":2,"y":1}}'],
    ['{"a":{"x":1,"y":2}}', '{"a":{"y":2,"x":1}}', '{"a":5}', '{"a":{"y":2,"x":1}}'],
    ['{"a":[1]}', '{"a":[1]}', '{"a":[2]}', '{"a":[2]}'],
    ['{"__proto__":1}', '{"__proto__":{"x":1}}', '{"__proto__":1,"b":2}', '{"__proto__":{"x":1},"b":2}'],
    ['{}', '{"__proto__":{"admin":true}}', '{"b":2}', '{"b":2,"__proto__":{"admin":true}}'],
    ['{"__proto__":1,"a":1}', '{"a":1}', '{"__proto__":2}', '{}'],
    [
      '{}',
      '{"constructor":1,"toString":2,"hasOwnProperty":3}',
      '{}',
      '{"constructor":1,"toString":2,"hasOwnProperty":3}',
    ],
    ['{"constructor":1}', '{}', '{"constructor":1,"a":1}', '{"a":1}'],
  ]
  for (const [base, mine, theirs, merged] of CASES) {
    it(`${base} → ${mine} on top of ${theirs} is ${merged}`, () => {
      assert.equal(applyDelta(deltaBetween(base, mine), theirs), merged)
    })
  }

  it('is empty where nothing has changed', () => {
    const { set, removed } = deltaBetween('{"a":{"b":[1]}}', '{"a":{"b":[1]}}')
    assert.deepEqual([Object.keys(set), removed], [[], []])
  })

  it('never reaches Object.prototype', () => {
    applyDelta(
      deltaBetween('{}', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
      '{}',
    )
    assert.equal(({} as any).polluted, undefined)
  })
})
