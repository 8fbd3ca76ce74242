import assert from 'node:assert/strict'
import type { StoreCase } from './context'

const BUILT_IN_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'prototype',
  'length',
]

/** The three methods that every store has: absence, keeping, replacing, ending. */
export const storeBasicCases: readonly StoreCase[] = [
  {
    name: 'it has the methods that its capabilities name, and tells of events',
    grade: 'required',
    async run({ store, capabilities }) {
      for (const method of ['get', 'set', 'destroy', 'on'] as const) {
        assert.equal(typeof (store as unknown as Record<string, unknown>)[method], 'function', method)
      }
      for (const method of ['touch', 'all', 'length', 'clear', 'close'] as const) {
        const has = typeof (store as unknown as Record<string, unknown>)[method] === 'function'
        assert.equal(has, capabilities.has(method), `${method}, and the capability of that name`)
      }
    },
  },
  {
    name: 'an id that nobody has gives no session and no error',
    grade: 'required',
    async run(context) {
      await context.assertAbsent('nobody')
      await context.put('somebody')
      await context.assertAbsent('nobody')
      await context.assertAbsent('somebod')
    },
  },
  {
    name: 'a session that was set is found with its data, again and again',
    grade: 'required',
    async run(context) {
      await context.put('s', { user: 'ann', views: 7 })
      await context.assertFound('s', { user: 'ann', views: 7 })
      await context.assertFound('s', { user: 'ann', views: 7 })
    },
  },
  {
    name: 'set replaces the whole session',
    grade: 'required',
    async run(context) {
      await context.put('s', { a: 1, b: { c: 1 } })
      await context.put('s', { b: { d: 2 } })
      await context.assertFound('s', { b: { d: 2 } })
      await context.put('s', {})
      await context.assertFound('s', {})
    },
  },
  {
    name: 'destroy ends the session, and only that one',
    grade: 'required',
    async run(context) {
      await context.put('s')
      await context.put('other')
      await context.ask('destroy', 's')
      await context.assertAbsent('s')
      await context.assertFound('other', { n: 1 })
      await context.put('s', { again: true })
      await context.assertFound('s', { again: true })
    },
  },
  {
    name: 'destroying a session that is not there is no error',
    grade: 'required',
    async run(context) {
      await context.ask('destroy', 'nobody')
      await context.put('s')
      await context.ask('destroy', 's')
      await context.ask('destroy', 's')
    },
  },
  {
    name: 'ids that objects have of themselves are ids like any other',
    grade: 'recommended',
    async run(context) {
      for (const sid of BUILT_IN_NAMES) await context.assertAbsent(sid, `${sid} before`)
      for (const sid of BUILT_IN_NAMES) await context.put(sid, { sid })
      for (const sid of BUILT_IN_NAMES) await context.assertFound(sid, { sid })
      for (const sid of BUILT_IN_NAMES) await context.ask('destroy', sid)
      for (const sid of BUILT_IN_NAMES) await context.assertAbsent(sid, `${sid} afterwards`)
      assert.equal(({} as Record<string, unknown>)['sid'], undefined, 'no prototype was touched')
    },
  },
  {
    name: 'ids that are nearly alike are different sessions',
    grade: 'required',
    async run(context) {
      const ids = ['abc', 'ABC', 'aBc', 'abc_', 'abc-', 'ab', 'abcd']
      for (const sid of ids) await context.put(sid, { sid })
      for (const sid of ids) await context.assertFound(sid, { sid })
    },
  },
  {
    name: 'a long id is kept whole or refused with an error, never cut',
    grade: 'recommended',
    async run(context) {
      for (const length of [100, 250, 1000]) {
        const ids = ['a', 'b'].map((end) => 'x'.repeat(length) + end)
        const kept = await Promise.allSettled(ids.map((sid) => context.put(sid, { end: sid.slice(-1) })))
        for (const [index, sid] of ids.entries()) {
          if (kept[index]?.status === 'fulfilled') await context.assertFound(sid, { end: sid.slice(-1) })
        }
      }
    },
  },
  {
    name: 'an id is a name, not a path and not a pattern',
    grade: 'recommended',
    async run(context) {
      const ids = [
        '../up',
        'a/b',
        '/abs',
        '.',
        '..',
        '*',
        '?',
        '%',
        '_',
        '[a]',
        'a:b',
        "a'b",
        'a"b',
        'a b',
        'ü',
      ]
      for (const sid of ids) await context.put(sid, { sid })
      for (const sid of ids) await context.assertFound(sid, { sid })
      for (const sid of ids) {
        await context.ask('destroy', sid)
        await context.assertAbsent(sid)
      }
    },
  },
  {
    name: 'sessions that are set at the same time are all there',
    grade: 'required',
    async run(context) {
      const ids = Array.from({ length: 50 }, (_, i) => `s${i}`)
      await Promise.all(ids.map((sid) => context.put(sid, { sid })))
      for (const sid of ids) await context.assertFound(sid, { sid })
    },
  },
  {
    name: 'a session that is set many times at once is one of them, whole',
    grade: 'required',
    async run(context) {
      const texts = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(1000 + 997 * i))
      await Promise.all(texts.map((text) => context.put('s', { text, size: text.length })))
      const found = await context.get('s')
      assert.ok(texts.includes(String(found?.['text'])), 'the text of one of them')
      assert.equal(String(found?.['text']).length, found?.['size'])
    },
  },
]
