/** Outside of production: what JSON will not bring back, and sessions that have grown large. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { runInNewContext } from 'node:vm'
import type { Handler } from '../support/app'
import { warningsOf } from '../support/warnings'
import { odd, ours, session } from './ours'

const secret = 'a secret that is long enough'

/** What is told of a handler that puts this into the session, request after request. */
async function told(t: TestContext, change: (data: any) => void, options: object = {}): Promise<string[]> {
  const handler: Handler = (req, res) => {
    change(req.session)
    res.end()
  }
  const heard = await warningsOf(async () => {
    const { client } = await ours(t, { secret, ...options }, { '/change': handler })
    for (let i = 0; i < 3; i++) await client.get('/change')
  })
  return heard.map(({ code, message }) => `${code} ${message}`)
}

class Cart {
  items = [1]
}

describe('values that JSON changes are told, once per key', () => {
  const VALUES: ReadonlyArray<[title: string, value: () => unknown, message: RegExp]> = [
    ['a Map', () => new Map([[1, 2]]), /: it is a Map, of which JSON keeps \{\}/],
    ['a Set', () => new Set([1]), /: it is a Set, of which JSON keeps \{\}/],
    ['a class instance', () => new Cart(), /: it is a Cart, of which JSON keeps a plain object/],
    ['a Date', () => new Date(), /: it is a Date, of which JSON keeps what its toJSON gives/],
    ['a Buffer', () => Buffer.from('x'), /: it is a Buffer, of which JSON keeps what its toJSON gives/],
    ['a function', () => () => 1, /: it is a function, of which JSON keeps nothing/],
    ['a symbol', () => Symbol('x'), /: it is a symbol, of which JSON keeps nothing/],
    ['NaN', () => Number.NaN, /: it is NaN, of which JSON keeps null/],
    ['Infinity', () => Number.POSITIVE_INFINITY, /: it is Infinity, of which JSON keeps null/],
    ['one deep inside', () => [{ 'a b': { c: new Map() } }], /: cart\[0\]\["a b"\]\.c is a Map/],
    ['a function inside', () => ({ run() {} }), /: cart\.run is a function/],
  ]
  for (const [title, value, message] of VALUES) {
    it(title, async (t) => {
      const [first = '', ...more] = await told(t, (data) => {
        data.cart = value()
        data.views = (data.views ?? 0) + 1
      })
      assert.match(first, /^SOJOURN_LOSSY_VALUE session key "cart"/)
      assert.match(first, message)
      assert.deepEqual(more, [])
    })
  }

  it('each key once, wherever in it the value stands', async (t) => {
    let n = 0
    const heard = await told(t, (data) => {
      data.a = [...Array(n++).fill(0), new Map()]
      data.b = new Set()
    })
    assert.equal(heard.length, 2)
  })

  it('a function by which nothing else changes', async (t) => {
    const large = 'x'.repeat(5000)
    const heard = await told(t, (data) => {
      if (data.large) data.run = () => 1
      data.large = large
    })
    assert.match(heard.join(), /session key "run": it is a function/)
  })

  it('plain data draw no word, of whatever realm', async (t) => {
    const plain = { text: 'a', n: -1.5, yes: true, no: null, gone: undefined, list: [{ deep: [] }] }
    const other = runInNewContext('({ list: [{ a: 1 }] })')
    assert.deepEqual(
      await told(t, (data) => Object.assign(data, { plain, other, bare: Object.create(null) })),
      [],
    )
  })

  it("what a store puts on the session that it answers is not the handler's", async (t) => {
    class MarkingStore extends odd.PlainStore {
      override get(sid: string, done: any) {
        super.get(sid, (error: unknown, found: any) => {
          if (found) found.lastModified = new Date(5)
          done(error, found)
        })
      }
    }
    const change = (data: any) => {
      data.views = (data.views ?? 0) + 1
    }
    assert.deepEqual(await told(t, change, { store: new MarkingStore() }), [])
  })

  it('nothing in production', async (t) => {
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    t.after(() => {
      if (before === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = before
    })
    const change = (data: any) => {
      data.cart = new Map()
      data.large = 'x'.repeat(70_000)
    }
    assert.deepEqual(await told(t, change, { store: new session.MemoryStore() }), [])
  })
})

it('a session beyond 64 kB is told once, with its largest key', async (t) => {
  let n = 0
  const heard = await told(t, (data) => {
    data.small = 'x'.repeat(5000)
    data.log = 'x'.repeat(70_000 + n++)
  })
  assert.equal(heard.length, 1)
  assert.match(heard[0] ?? '', /^SOJOURN_LARGE_SESSION a session has 73 kB, of which the key "log" has 68 kB/)
  assert.deepEqual(await told(t, (data) => Object.assign(data, { fits: 'x'.repeat(65_000) })), [])
})
