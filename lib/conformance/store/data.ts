import assert from 'node:assert/strict'
import type { StoreCase } from './context'

/** What comes back is what JSON makes of what was given, and belongs to nobody else. */
export const storeDataCases: readonly StoreCase[] = [
  {
    name: 'values come back as JSON keeps them, the falsy ones too',
    grade: 'required',
    async run(context) {
      const data = {
        ...{
          zero: 0,
          empty: '',
          no: false,
          nothing: null,
          list: [],
          map: {},
          nested: [[], {}, [0, '', false, null]],
        },
        ...{ big: 9007199254740991, tiny: 5e-324, huge: 1.7976931348623157e308, less: -1.5, third: 1 / 3 },
        deep: { a: { b: { c: { d: [{ e: 'f' }] } } } },
        date: new Date(1_700_000_000_000),
        '': 'an empty key',
        '0': 'a key that is a number',
      }
      await context.put('s', data)
      await context.assertFound('s', data)
      await context.put('undefined', { a: undefined, b: [undefined], c: 1 })
      await context.assertFound('undefined', { b: [null], c: 1 })
    },
  },
  {
    name: 'text comes back as it was, in any script',
    grade: 'required',
    async run(context) {
      const data = {
        scripts: 'é ü ß Ω я 漢字 한국어 العربية',
        beyond: '\u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
        marks: 'e\u0301 \u00e9',
        spaces: ' \t\r\n\u00a0\u2028\u2029\ufeff',
        quotes: '\'"`\\/$& $1 %s',
        nul: 'a\u0000b',
        'schlüssel \u{1f511}': 1,
      }
      await context.put('s', data)
      await context.assertFound('s', data)
      // Half a pair, as a text cut at a length has it.
      await context.put('half', { half: '\u{1f600}'.slice(0, 1) })
      await context.assertFound('half', { half: '\ud83d' })
    },
  },
  {
    name: 'a session of a megabyte comes back whole',
    grade: 'required',
    async run(context) {
      const text = 'abcdefg ü '.repeat(110_000)
      await context.put('s', { text, after: true })
      const found = await context.get('s')
      assert.ok(found?.['text'] === text && found['after'] === true, 'the same text')
    },
  },
  {
    name: 'data keys that objects have of themselves are data',
    grade: 'recommended',
    async run(context) {
      const text =
        '{"constructor":1,"toString":"x","hasOwnProperty":null,"valueOf":[],"length":9,"get":{"set":1}}'
      await context.put('s', JSON.parse(text))
      await context.assertFound('s', JSON.parse(text))
      await context.put('proto', JSON.parse('{"__proto__":{"admin":true},"list":[{"__proto__":1}]}'))
      const found = await context.get('proto')
      assert.equal(
        Object.getPrototypeOf(found) === null || !('admin' in (found ?? {})),
        true,
        'nobody became admin',
      )
      assert.equal(
        JSON.stringify(Object.getOwnPropertyDescriptor(found ?? {}, '__proto__')?.value),
        '{"admin":true}',
      )
      assert.equal(({} as Record<string, unknown>)['admin'], undefined, 'no prototype was touched')
    },
  },
  {
    name: 'what is changed after set has answered is not in the store',
    grade: 'required',
    async run(context) {
      const data = { list: [1], map: { a: 1 } }
      const session = context.session('s', data)
      await context.ask('set', 's', session)
      data.list.push(2)
      data.map.a = 2
      session['late'] = true
      session.cookie.originalMaxAge = 1
      await context.assertFound('s', { list: [1], map: { a: 1 } })
    },
  },
  {
    name: 'set takes the session as it is when it is called',
    grade: 'recommended',
    async run(context) {
      const data = { list: [1] }
      const session = context.session('s', data)
      const done = context.ask('set', 's', session)
      data.list.push(2)
      session['late'] = true
      await done
      await context.assertFound('s', { list: [1] })
    },
  },
  {
    name: "what get gave is the caller's own: changing it changes nothing",
    grade: 'required',
    async run(context) {
      await context.put('s', { list: [1], map: { a: 1 } })
      const found = (await context.get('s')) as { list: number[]; map: { a?: number }; late?: boolean }
      found.list.push(2)
      delete found.map.a
      found.late = true
      await context.assertFound('s', { list: [1], map: { a: 1 } })
      const [one, two] = await Promise.all([context.get('s'), context.get('s')])
      assert.notEqual(one, two, 'two who ask get an object each')
    },
  },
  {
    name: 'the cookie comes back with its end and the life it was meant to have',
    grade: 'required',
    async run(context) {
      const expires = Math.ceil((context.now() + 3_600_000) / 1000) * 1000
      const session = context.session('s', {}, expires)
      session.cookie.originalMaxAge = 3_600_000
      await context.ask('set', 's', session)
      const cookie = (await context.get('s'))?.['cookie'] as Record<string, unknown> | undefined
      assert.equal(typeof cookie, 'object', 'a cookie')
      assert.equal(cookie?.['originalMaxAge'], 3_600_000)
      const shown = new Date(cookie?.['expires'] as string | Date).getTime()
      assert.ok(Math.abs(shown - expires) <= (context.handle.resolutionMs ?? 1), `its end, not ${shown}`)
      assert.equal(cookie?.['path'], '/')
      assert.equal(cookie?.['httpOnly'], true)
      await context.put('never', {}, Infinity)
      const never = (await context.get('never'))?.['cookie'] as Record<string, unknown> | undefined
      assert.equal(never?.['expires'] ?? null, null)
      assert.equal(never?.['originalMaxAge'] ?? null, null)
    },
  },
  {
    name: 'a live session is kept as plain data, without its methods and its request',
    grade: 'required',
    async run(context) {
      await context.put('s', { a: 1 })
      const found = (await context.get('s')) ?? {}
      for (const key of ['req', 'touch', 'save', 'regenerate']) {
        assert.equal(Object.hasOwn(found, key), false, key)
      }
      assert.equal(
        Object.hasOwn((found['cookie'] ?? {}) as object, '_expires'),
        false,
        'the cookie as its toJSON says',
      )
    },
  },
  {
    name: 'set leaves the session object as it was',
    grade: 'optional',
    async run(context) {
      const session = context.session('s', { a: { b: 1 } })
      const before = JSON.stringify(session)
      const cookie = session.cookie
      await context.ask('set', 's', session)
      assert.equal(JSON.stringify(session), before)
      assert.equal(session.cookie, cookie, 'the cookie is the same object')
    },
  },
]
