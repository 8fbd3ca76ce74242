import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applyDelta, deltaBetween } from '../../lib/record/delta'
import {
  dataText,
  dataTextOf,
  dataTextSince,
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

describe('dataTextSince', () => {
  const text = '{"a":1,"b":"x","c":null,"d":true}'
  const nested = '{"a":1,"list":[1,{"k":"v"}]}'
  const changes: Record<string, (session: Record<string, any>) => void> = {
    nothing: () => {},
    'a value': (s) => (s.a = 2),
    'a value of another type': (s) => (s.a = '1'),
    'the sign of a zero': (s) => (s.a = -0),
    'a value that is no JSON': (s) => (s.a = Number.NaN),
    'a value to a function': (s) => (s.a = () => {}),
    'a value to undefined': (s) => (s.b = undefined),
    'a value to an object with toJSON': (s) => (s.a = new Date(0)),
    'null to an object': (s) => (s.c = {}),
    'a new key': (s) => (s.e = 1),
    'a new key of undefined': (s) => (s.e = undefined),
    'a new key in place of another': (s) => {
      delete s.a
      s.e = 1
    },
    'a key gone': (s) => delete s.d,
    'the order': (s) => {
      const { a } = s
      delete s.a
      s.a = a
    },
    'a getter in place of a value': (s) => Object.defineProperty(s, 'a', { enumerable: true, get: () => 7 }),
    'the key __proto__': (s) =>
      Object.defineProperty(s, '__proto__', { value: 1, enumerable: true, configurable: true }),
    'inside of a value': (s) => {
      if (s.list) s.list[1].k = 'w'
    },
  }
  for (const [name, change] of Object.entries(changes)) {
    it(`is the data text after a change of ${name}`, () => {
      for (const before of [text, nested]) {
        const shown = JSON.parse(before)
        const session = { cookie: { path: '/' }, ...JSON.parse(before) }
        change(session)
        assert.equal(dataTextSince(session, shown, before), dataText(session))
      }
    })
  }
})
