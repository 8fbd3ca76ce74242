/** Records are kept parsed beside the store, bounded; nobody can tell but by the time that it takes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ParsedRecords } from '../../lib/keeper/own/parsed-records'
import { session } from '../../lib/middleware/session'
import { seal } from '../../lib/record/seal'
import { MemoryStore } from '../../lib/store/memory'
import { type Handler, serve } from '../support/app'
import { idOf } from '../support/visits'

const parsed = (body: string) => ({ body, created: 0, expires: null, data: '{}', tree: {} })

describe('records that are kept parsed', () => {
  it('are found by key and text, and by no other text', () => {
    const records = new ParsedRecords()
    const record = parsed('one')
    records.set('k', record)
    assert.equal(records.get('k', 'one'), record)
    assert.equal(records.get('k', 'two'), undefined)
    assert.equal(records.get('other', 'one'), undefined)
    records.delete('k')
    assert.equal(records.get('k', 'one'), undefined)
  })

  it('are some thousands, those used last', () => {
    const records = new ParsedRecords()
    for (let i = 0; i < 20_000; i++) {
      records.set(`${i}`, parsed('x'))
      records.get('0', 'x')
    }
    const kept = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => records.get(`${i}`, 'x'))
    assert.ok(kept.includes(0) && kept.includes(19_999), 'what is in use stays')
    assert.ok(kept.length > 1000 && kept.length <= 4096, `${kept.length} kept`)
  })

  it('are of a bounded length together, and one that is longer is not kept', () => {
    const records = new ParsedRecords()
    const text = 'x'.repeat(100_000)
    for (let i = 0; i < 200; i++) records.set(`${i}`, parsed(text))
    const kept = Array.from({ length: 200 }, (_, i) => i).filter((i) => records.get(`${i}`, text))
    assert.ok(kept.length >= 20 && kept.length <= 42, `${kept.length} kept`)
    for (let i = 0; i < 1000; i++) records.set('again', parsed(text.slice(i)))
    assert.ok(records.get('199', text), 'one that is rewritten counts once')
    records.set('199', parsed('x'.repeat(3_000_000)))
    assert.equal(records.get('199', text), undefined)
    assert.equal(records.get('199', 'x'.repeat(3_000_000)), undefined)
  })
})

describe('the next request of a session', () => {
  const OPTIONS = { secret: 'x', resave: false, saveUninitialized: false }
  const store = () => new MemoryStore()

  /** @param routes by path; each answers with the session's data */
  async function visit(t: it.TestContext, routes: Record<string, Handler>, options: object = {}) {
    const sessions = session({ ...OPTIONS, ...options })
    const served = await serve(t, (req: any, res: any) =>
      sessions(req, res, () => {
        routes[req.url]?.(req, res, () => {})
        const { cookie: _, ...data } = req.session
        res.end(JSON.stringify(data))
      }),
    )
    const visitor = served.client()
    return { visitor, get: async (path: string) => JSON.parse((await visitor.get(path)).body) }
  }

  it('gets an object of its own, whatever the last one has done to its after the response', async (t) => {
    const seen: any[] = []
    const { get } = await visit(t, {
      '/in': (req) => {
        req.session.cart = { items: [{ id: 1 }] }
        seen.push(req.session)
      },
      '/change': (req) => {
        req.session.n = (req.session.n ?? 0) + 1
        seen.push(req.session)
      },
      '/look': (req) => seen.push(req.session),
    })
    await get('/in')
    for (const path of ['/look', '/look', '/change', '/look', '/change']) {
      for (const { cart } of seen) cart.items[0].id = 'changed when it was too late'
      assert.deepEqual((await get(path)).cart, { items: [{ id: 1 }] }, path)
    }
    assert.deepEqual(await get('/look'), { cart: { items: [{ id: 1 }] }, n: 2 })
  })

  it('sees what was written in other ways: through the store, `sessions`, `update`, another middleware', async (t) => {
    const shared = store()
    const { visitor, get } = await visit(
      t,
      { '/in': (req) => Object.assign(req.session, { a: { n: 1 } }) },
      { store: shared },
    )
    await get('/in')
    const id = idOf(visitor)
    const text = shared.sessions[id] as string
    shared.sessions[id] = text.replace('"n":1', '"n":2')
    assert.deepEqual(await get('/'), { a: { n: 2 } })
    const stored = (await shared.get(id)) as any
    stored.a.n = 3
    await shared.set(id, stored)
    assert.deepEqual(await get('/'), { a: { n: 3 } })
    const other = session({ ...OPTIONS, store: shared, cookie: { maxAge: 60_000 } })
    const beside = await serve(t, (req: any, res: any) =>
      other(req, res, () => {
        req.session.a.n++
        res.end(String(req.session.cookie.originalMaxAge))
      }),
    )
    const second = Object.assign(beside.client(), { jar: visitor.jar })
    assert.equal((await second.get('/')).body, '60000')
    assert.deepEqual(await get('/'), { a: { n: 4 } })
    await shared.destroy(id)
    assert.deepEqual(await get('/'), {})
  })

  it('gets what JSON makes of values that are no plain data', async (t) => {
    const { get } = await visit(t, {
      '/in': (req) => {
        req.session.at = new Date(0)
        req.session.none = undefined
        req.session.list = [undefined, Number.NaN, -0]
      },
    })
    await get('/in')
    for (const _ of [1, 2]) {
      assert.deepEqual(await get('/'), { at: '1970-01-01T00:00:00.000Z', list: [null, null, 0] })
    }
  })

  it('finds the end where touches have moved it, not where it was written', async (t) => {
    const shared = store()
    const ends: number[] = []
    const { visitor, get } = await visit(
      t,
      {
        '/in': (req) => Object.assign(req.session, { a: 1 }),
        '/': (req) => ends.push(req.session.cookie.expires.valueOf()),
      },
      { store: shared, cookie: { maxAge: 3_600_000 } },
    )
    await get('/in')
    await get('/')
    const stored = (await shared.get(idOf(visitor))) as any
    stored.cookie.expires = new Date(Date.now() + 7_200_000)
    await shared.touch(idOf(visitor), stored)
    await get('/')
    // A request renews the life; its deadline before that shows in what the store has.
    assert.equal(ends.length, 2)
    assert.ok((ends[1] as number) >= (ends[0] as number))
  })

  it('opens the sealed record: nothing of it is kept in the clear', async (t) => {
    const given = seal({ keys: ['k'.repeat(32)] })
    let opened = 0
    const sealed = new MemoryStore({
      seal: {
        seal: given.seal,
        open(key, text) {
          opened++
          return given.open(key, text)
        },
      },
    })
    const { get } = await visit(
      t,
      { '/in': (req) => Object.assign(req.session, { a: 1 }) },
      { store: sealed },
    )
    await get('/in')
    for (const _ of [1, 2]) assert.deepEqual(await get('/'), { a: 1 })
    assert.equal(opened, 2)
  })
})
