import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { composedText, takeTree } from '../../lib/record/composed'
import { dataText } from '../../lib/record/text'

describe('the text of a session that is about to be written', () => {
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
    it(`is the data text, and its tree says the same or is not there, after a change of ${name}`, () => {
      for (const before of [text, nested]) {
        const shown = JSON.parse(before)
        const session = { cookie: { path: '/' }, ...JSON.parse(before) }
        change(session)
        const text = composedText(session, shown, before)
        assert.equal(text, dataText(session))
        const tree = takeTree(text)
        if (tree) assert.equal(JSON.stringify(tree), text)
        assert.equal(takeTree(text), undefined, 'taken once')
      }
    })
  }

  it('has a tree that shares what has not changed with the one shown, and nothing with the session', () => {
    const shown = JSON.parse('{"same":{"a":1},"other":{"b":[1]},"n":1}')
    const session = { cookie: {}, ...structuredClone(shown) }
    session.other.b.push(2)
    session.added = { c: {} }
    const tree = takeTree(composedText(session, shown, JSON.stringify(shown))) as any
    assert.equal(tree.same, shown.same)
    assert.deepEqual(tree, { same: { a: 1 }, other: { b: [1, 2] }, n: 1, added: { c: {} } })
    assert.notEqual(tree.other, session.other)
    assert.notEqual(tree.other.b, session.other.b)
    assert.notEqual(tree.added.c, session.added.c)
    assert.deepEqual(shown.other, { b: [1] })
  })

  it('has a tree for a new session', () => {
    const session = { cookie: {}, user: { id: 1 }, list: ['a'] }
    const text = composedText(session, undefined, '')
    assert.equal(text, '{"user":{"id":1},"list":["a"]}')
    const tree = takeTree(text) as any
    assert.deepEqual(tree, { user: { id: 1 }, list: ['a'] })
    assert.notEqual(tree.user, session.user)
  })

  it('has none where only JSON can tell', () => {
    for (const value of [new Date(0), undefined, Number.NaN, -0, new Map(), () => {}, { a: [undefined] }]) {
      const session = { cookie: {}, value }
      const text = composedText(session, undefined, '')
      assert.equal(text, dataText(session))
      assert.equal(takeTree(text), undefined)
    }
  })

  it('says what the tree says, whatever a getter answers next', () => {
    let n = 0
    const session = {
      cookie: {},
      get n() {
        return n++
      },
      in: {
        get n() {
          return n++
        },
      },
    }
    const text = composedText(session, undefined, '')
    assert.equal(JSON.stringify(takeTree(text)), text)
  })

  it('has the tree of what was composed last only', () => {
    const first = composedText({ a: 1 }, undefined, '')
    const second = composedText({ a: 2 }, undefined, '')
    assert.equal(takeTree(first), undefined)
    assert.equal(takeTree(second), undefined, 'who asks for another text has taken it')
  })
})
