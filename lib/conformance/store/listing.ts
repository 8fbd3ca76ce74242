import assert from 'node:assert/strict'
import { inBatches } from '../waiting'
import { askOf, type StoreCase, type StoreContext, type StoreUnderTest } from './context'

const MANY = 1000

/** `all` gives a map by id, or an array of sessions with the id added: both are in use. */
async function listed(context: StoreContext): Promise<Map<string, Record<string, unknown>>> {
  const sessions = await context.ask('all')
  assert.ok(typeof sessions === 'object' && sessions !== null, 'a map or an array')
  if (!Array.isArray(sessions))
    return new Map(Object.entries(sessions as Record<string, Record<string, unknown>>))
  for (const session of sessions) assert.equal(typeof session.id, 'string', 'each in an array has its id')
  const byId = new Map<string, Record<string, unknown>>(sessions.map((session) => [session.id, session]))
  assert.equal(byId.size, sessions.length, 'each is there once')
  return byId
}

/** What administration asks for; the middleware needs none of it. */
export const storeListingCases: readonly StoreCase[] = [
  {
    name: 'all gives every session by its id, with its data',
    grade: 'optional',
    needs: ['all'],
    async run(context) {
      assert.equal((await listed(context)).size, 0, 'none at first')
      for (const sid of ['a', 'b', 'c']) await context.put(sid, { sid })
      await context.ask('destroy', 'c')
      const sessions = await listed(context)
      assert.deepEqual([...sessions.keys()].sort(), ['a', 'b'])
      for (const [sid, session] of sessions) {
        assert.equal(session['sid'], sid)
        assert.equal(typeof session['cookie'], 'object')
      }
    },
  },
  {
    name: 'all shows a session whatever its id',
    grade: 'optional',
    needs: ['all'],
    async run(context) {
      const ids = ['__proto__', 'constructor', 'toString', 'plain']
      for (const sid of ids) await context.put(sid, { sid })
      const sessions = await listed(context)
      assert.deepEqual([...sessions.keys()].sort(), [...ids].sort())
      for (const sid of ids) assert.equal(sessions.get(sid)?.['sid'], sid)
    },
  },
  {
    name: 'all and length leave out those whose time has passed',
    grade: 'optional',
    needs: ['all', 'length', 'fineTime'],
    async run(context) {
      await context.put('s', { a: 1 }, context.now() + 30)
      await context.put('stays', { a: 1 })
      await context.pass(30 + (context.handle.resolutionMs ?? 1))
      assert.deepEqual([...(await listed(context)).keys()], ['stays'])
      assert.equal(await context.ask('length'), 1)
    },
  },
  {
    name: `all gives ${MANY} sessions, each once`,
    grade: 'optional',
    needs: ['all'],
    async run(context) {
      const ids = Array.from({ length: MANY }, (_, i) => `s${i}`)
      await inBatches(ids, 100, (sid) => context.put(sid, { sid }))
      const sessions = await listed(context)
      assert.deepEqual([...sessions.keys()].sort(), [...ids].sort())
    },
  },
  {
    name: 'what all gave can be destroyed by the id it came with',
    grade: 'optional',
    needs: ['all'],
    async run(context) {
      for (const sid of ['a', 'b']) await context.put(sid)
      for (const sid of (await listed(context)).keys()) await context.ask('destroy', sid)
      await context.assertAbsent('a')
      await context.assertAbsent('b')
      assert.equal((await listed(context)).size, 0)
    },
  },
  {
    name: 'length counts the sessions',
    grade: 'optional',
    needs: ['length'],
    async run(context) {
      assert.equal(await context.ask('length'), 0)
      for (const sid of ['a', 'b', 'c', 'a']) await context.put(sid)
      assert.equal(await context.ask('length'), 3)
      await context.ask('destroy', 'b')
      assert.equal(await context.ask('length'), 2)
    },
  },
  {
    name: 'clear ends every session, and does so before it answers',
    grade: 'optional',
    needs: ['clear'],
    async run(context) {
      await context.ask('clear')
      const ids = Array.from({ length: 150 }, (_, i) => `s${i}`)
      await inBatches(ids, 50, (sid) => context.put(sid))
      await context.ask('clear')
      for (const sid of ids) await context.assertAbsent(sid)
      await context.put('s', { again: 1 })
      await context.assertFound('s', { again: 1 })
    },
  },
  {
    name: 'a prefix is taken literally and keeps stores apart',
    grade: 'optional',
    needs: ['prefix', 'all', 'length', 'clear'],
    async run(context) {
      // The second would match the first if that were a pattern.
      const pairs: Array<[mine: string, theirs: string]> = [
        ['a*[b]:', 'aXb:'],
        ['c?:', 'cX:'],
        ['d_%', 'dX9'],
        ['e\\:', 'e:'],
      ]
      for (const [mine, theirs] of pairs) {
        const store = (await context.handle.withPrefix?.(mine)) as StoreUnderTest
        const other = (await context.handle.withPrefix?.(theirs)) as StoreUnderTest
        await askOf(other, 'set', ['s', context.session('s')])
        assert.equal((await askOf(store, 'get', ['s'])) ?? null, null)
        assert.equal(await askOf(store, 'length', []), 0, `length with the prefix ${mine}`)
        assert.deepEqual(Object.keys((await askOf(store, 'all', [])) as object), [], `all with ${mine}`)
        await askOf(store, 'set', ['s', context.session('s')])
        assert.equal(await askOf(store, 'length', []), 1, `length of its own with ${mine}`)
        await askOf(store, 'clear', [])
        assert.equal((await askOf(store, 'get', ['s'])) ?? null, null, `its own, cleared with ${mine}`)
        assert.ok(await askOf(other, 'get', ['s']), `the other's, after clear with ${mine}`)
        await askOf(other, 'destroy', ['s'])
      }
    },
  },
]
