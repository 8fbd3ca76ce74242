import assert from 'node:assert/strict'
import { assertEntry, type BackendCase, makeEntry } from './context'

const BODY = '{"a":1}'

/** Absence, creation, removal, and that nothing leaks from one key or object to another. */
export const basicCases: readonly BackendCase[] = [
  {
    name: 'it has exactly the optional methods that its capabilities name',
    says: ['Backends without an index leave it out.'],
    async run({ backend, capabilities }) {
      const methods = {
        scan: 'scan',
        owners: 'ownedBy',
        prune: 'prune',
        close: 'close',
        watch: 'watch',
        follow: 'follow',
      } as const
      for (const [capability, method] of Object.entries(methods) as Array<[keyof typeof methods, 'scan']>) {
        const declared = capabilities.has(capability)
        assert.equal(
          typeof backend[method] === 'function',
          declared,
          `${method}, and the capability ${capability}`,
        )
      }
    },
  },
  {
    name: 'an absent key is undefined or false in every verb, and nothing comes of asking',
    says: [
      'Absent or past its deadline: `undefined`, never an error.',
      '`undefined`: it is gone, and nothing was created.',
      '`false`: it was absent already (or expired), which is no error.',
      '`false`: absent; it never creates.',
    ],
    async run(context) {
      const { backend } = context
      assert.equal(await backend.read('k'), undefined)
      assert.equal(await backend.replace('k', BODY, makeEntry(context, BODY)), undefined)
      assert.equal(await backend.remove('k'), false)
      assert.equal(await backend.extend('k', context.now() + 1000), false)
      assert.equal(await backend.read('k'), undefined)
    },
  },
  {
    name: 'what was created is read back, body and deadline, again and again',
    async run(context) {
      const { backend } = context
      const entry = makeEntry(context, BODY)
      assert.equal(await backend.create('k', entry), true)
      assertEntry(await backend.read('k'), entry)
      assertEntry(await backend.read('k'), entry)
    },
  },
  {
    name: 'create refuses a taken key and changes nothing',
    says: ['`false`: a live entry has the key and nothing was changed.'],
    async run(context) {
      const { backend } = context
      const entry = makeEntry(context, BODY)
      await backend.create('k', entry)
      assert.equal(
        await backend.create('k', makeEntry(context, '{"b":2}', { expires: context.now() + 9000 })),
        false,
      )
      assertEntry(await backend.read('k'), entry)
      assert.equal(await backend.create('k', entry), false, 'also with the very body that stands there')
      assertEntry(await backend.read('k'), entry)
    },
  },
  {
    name: 'remove takes an entry away, once',
    async run(context) {
      const { backend } = context
      await backend.create('k', makeEntry(context, BODY))
      await backend.create('k2', makeEntry(context, BODY))
      assert.equal(await backend.remove('k'), true)
      assert.equal(await backend.read('k'), undefined)
      assert.equal(await backend.remove('k'), false)
      assert.notEqual(await backend.read('k2'), undefined, 'another key stays')
      assert.equal(await backend.create('k', makeEntry(context, '{"b":2}')), true, 'the key is free again')
      assert.equal((await backend.read('k'))?.body, '{"b":2}')
    },
  },
  {
    name: 'names that objects have of themselves are keys like any other',
    async run(context) {
      const { backend } = context
      const keys = [
        '__proto__',
        'constructor',
        'toString',
        'hasOwnProperty',
        'valueOf',
        'length',
        'null',
        '0',
        '-1',
      ]
      for (const key of keys) {
        assert.equal(await backend.read(key), undefined, `${key} before`)
        assert.equal(await backend.remove(key), false, `${key} before`)
        assert.equal(await backend.create(key, makeEntry(context, `{"key":"${key}"}`)), true, key)
      }
      for (const key of keys) assert.equal((await backend.read(key))?.body, `{"key":"${key}"}`)
      for (const key of keys) assert.equal(await backend.remove(key), true, key)
      assert.equal(({} as Record<string, unknown>)['key'], undefined, 'no prototype was touched')
    },
  },
  {
    name: 'keys that are nearly alike are different keys',
    async run(context) {
      const { backend } = context
      const keys = [
        'a',
        'A',
        'a ',
        ' a',
        'ab',
        'a:',
        'a/',
        'a%',
        'a*',
        'a_',
        'a\\',
        "a'",
        'a"',
        'a\n',
        '\u00e4',
        'a\u0308',
      ]
      const long = 'x'.repeat(500)
      keys.push(long, `${long}x`, `${long}y`)
      for (const key of keys) {
        assert.equal(
          await backend.create(key, makeEntry(context, JSON.stringify({ key }))),
          true,
          JSON.stringify(key),
        )
      }
      for (const key of keys) assert.equal((await backend.read(key))?.body, JSON.stringify({ key }))
    },
  },
  {
    name: 'a very long key is kept whole or refused with an error, never cut',
    async run(context) {
      const { backend } = context
      // Words that no compression makes short: PostgreSQL packs keys before it measures them.
      const noise = Array.from({ length: 500 }, (_, i) => ((i * 2_654_435_761) % 2 ** 32).toString(36)).join(
        '',
      )
      const keys = [`${noise}${noise}a`, `${noise}${noise}b`]
      for (const key of keys) {
        const body = JSON.stringify({ end: key.slice(-1) })
        const kept = await (async () => backend.create(key, makeEntry(context, body)))().catch(
          (error: unknown) => error,
        )
        if (kept instanceof Error) continue
        assert.equal(kept, true)
        assert.equal((await backend.read(key))?.body, body)
      }
    },
  },
  {
    name: 'objects given and got are not the entry: changing them changes nothing',
    async run(context) {
      const { backend } = context
      const given = { ...makeEntry(context, BODY) }
      const { expires } = given
      await backend.create('k', given)
      given.body = '"mine"'
      given.expires = 0
      const got = (await backend.read('k')) as { body: string; expires: number }
      assertEntry(got, { body: BODY, expires })
      try {
        got.body = '"mine"'
        got.expires = 0
      } catch {
        // A frozen object is as good an answer.
      }
      assertEntry(await backend.read('k'), { body: BODY, expires })
    },
  },
]
