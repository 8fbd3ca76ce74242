import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { copyOf, DOUBT, isSame } from '../../lib/record/tree'

const json = (value: unknown): string | undefined => JSON.stringify(value)

class Point {
  x = 1
}

/** What a handler may put in the place of `{ a: [1, { b: 'x' }], c: null }`, or inside of it. */
const LIVE: Record<string, () => unknown> = {
  'the same again': () => ({ a: [1, { b: 'x' }], c: null }),
  'another number deep inside': () => ({ a: [1, { b: 'y' }], c: null }),
  'the keys in another order': () => ({ c: null, a: [1, { b: 'x' }] }),
  'one key more': () => ({ a: [1, { b: 'x' }], c: null, d: 1 }),
  'one key less': () => ({ a: [1, { b: 'x' }] }),
  'a key of undefined more': () => ({ a: [1, { b: 'x' }], c: null, d: undefined }),
  'undefined for null': () => ({ a: [1, { b: 'x' }], c: undefined }),
  'NaN for null': () => ({ a: [1, { b: 'x' }], c: Number.NaN }),
  'a hole in an array': () => {
    const a = [1, { b: 'x' }]
    delete a[0]
    return { a, c: null }
  },
  'a longer array': () => ({ a: [1, { b: 'x' }, 2], c: null }),
  'an object in place of an array': () => ({ a: { 0: 1, 1: { b: 'x' } }, c: null }),
  'an array with a toJSON': () => ({ a: Object.assign([1, { b: 'x' }], { toJSON: () => [] }), c: null }),
  'a Date': () => ({ a: [1, { b: new Date(0) }], c: null }),
  'a Map': () => ({ a: [1, { b: new Map() }], c: null }),
  'an instance of a class': () => ({ a: [1, new Point()], c: null }),
  'an object without a prototype': () => Object.assign(Object.create(null), { a: [1, { b: 'x' }], c: null }),
  'a getter': () => Object.defineProperty({ a: [1, { b: 'x' }] }, 'c', { enumerable: true, get: () => null }),
  'a key that JSON does not see': () =>
    Object.defineProperty({ a: [1, { b: 'x' }], c: null }, 'd', { value: 1 }),
  'a symbol for a key': () => ({ a: [1, { b: 'x' }], c: null, [Symbol('s')]: 1 }),
  'minus zero': () => ({ a: [-0, { b: 'x' }], c: null }),
  'a function': () => ({ a: [1, { b: () => {} }], c: null }),
  'the key __proto__': () => JSON.parse('{"a":[1,{"b":"x"}],"c":null,"__proto__":{"c":1}}'),
}

describe('a session that is compared by its tree', () => {
  const kept = JSON.parse('{"a":[1,{"b":"x"}],"c":null}')

  for (const [name, make] of Object.entries(LIVE)) {
    it(`is not taken for unchanged with ${name}, unless its JSON is`, () => {
      if (isSame(make(), kept)) assert.equal(json(make()), json(kept))
      else if (name === 'the same again') assert.fail('the same was not seen')
    })

    it(`is copied as JSON would with ${name}, or not at all`, () => {
      const copy = copyOf(make())
      if (copy !== DOUBT) assert.equal(json(copy), json(make()))
      if (name === 'the same again') assert.deepEqual(copy, make())
    })
  }

  it('shares nothing with its copy', () => {
    const copy = copyOf(kept) as typeof kept
    copy.a[1].b = 'changed'
    assert.equal(kept.a[1].b, 'x')
  })

  it('leaves circles and great depth to JSON', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    assert.equal(copyOf(circle), DOUBT)
    const deep = JSON.parse(`${'['.repeat(500)}1${']'.repeat(500)}`)
    assert.equal(copyOf(deep), DOUBT)
    assert.equal(isSame(JSON.parse(json(deep) as string), deep), false)
  })

  it('leaves everything to JSON where somebody has given all objects a name', () => {
    const everyObject = Object.prototype as Record<string, unknown>
    everyObject['shared'] = 1
    try {
      assert.equal(copyOf({ a: 1 }), DOUBT)
      assert.equal(isSame({ a: 1 }, { a: 1 }), false)
    } finally {
      delete everyObject['shared']
    }
  })
})
