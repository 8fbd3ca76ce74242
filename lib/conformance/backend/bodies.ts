import assert from 'node:assert/strict'
import { assertEntry, type BackendCase, makeEntry } from './context'

const MEGABYTE = 1024 * 1024

/** Bodies are opaque and come back code unit by code unit; `replace` compares them so. */
export const bodyCases: readonly BackendCase[] = [
  {
    name: 'a body comes back as it was: unicode, a megabyte, keys that objects have of themselves',
    says: ['The record, opaque to the backend.'],
    async run(context) {
      const { backend } = context
      const bodies = [
        '{"text":"é ü 漢字 \u{1f600} e\u0301 \u2028\u2029 \ufeff \ufffd \\u0000 \\ud800"}',
        `{"text":"${'ä'.repeat(MEGABYTE / 2)}"}`,
        '{"__proto__":{"admin":true},"constructor":{"prototype":{}},"toString":1,"cookie":{"expires":null}}',
        '{"n":[9007199254740993,1e400,-0,0.1,1.0,1E2],"empty":[[],{},"",null,false,0],"a":1,"a":2}',
        '{ "spaces" :\t[ 1 , 2 ] }\n',
        '[]',
        '"text"',
        'null',
      ]
      for (const [index, body] of bodies.entries()) {
        const entry = makeEntry(context, body)
        assert.equal(await backend.create(`k${index}`, entry), true)
        assertEntry(await backend.read(`k${index}`), entry, `body ${index}`)
        const next = makeEntry(context, `[${body}]`)
        assert.equal(await backend.replace(`k${index}`, body, next), true, `body ${index} as what was seen`)
        assertEntry(await backend.read(`k${index}`), next, `body ${index}, replaced`)
      }
    },
  },
  {
    name: 'a body need not be JSON: empty, NUL, line ends, quotes, a megabyte of text',
    says: ['Any well-formed string: empty, 1 MB, NUL.'],
    needs: ['anyBody'],
    async run(context) {
      const { backend } = context
      const bodies = ['', '\0', 'a\0b', '\r\n', '\'"\\', '{', 'true', '$1 $& %s', 'z'.repeat(MEGABYTE)]
      for (const [index, body] of bodies.entries()) {
        const entry = makeEntry(context, body)
        assert.equal(await backend.create(`k${index}`, entry), true)
        assertEntry(await backend.read(`k${index}`), entry, `body ${index}`)
        const next = makeEntry(context, `${body}\0`)
        assert.equal(await backend.replace(`k${index}`, body, next), true, `body ${index} as what was seen`)
        assertEntry(await backend.read(`k${index}`), next, `body ${index}, replaced`)
      }
    },
  },
  {
    name: 'replace writes when the body is the one that was seen',
    says: ["`true`: the body was `seen` and is now `entry`'s."],
    async run(context) {
      const { backend } = context
      await backend.create('k', makeEntry(context, '{"a":1}'))
      const second = makeEntry(context, '{"a":2}', { expires: context.now() + 50_000 })
      assert.equal(await backend.replace('k', '{"a":1}', second), true)
      assertEntry(await backend.read('k'), second)
      const later = { ...second, expires: context.now() + 70_000 }
      assert.equal(await backend.replace('k', second.body, later), true, 'the same body, another deadline')
      assertEntry(await backend.read('k'), later)
    },
  },
  {
    name: 'replace answers with what stands there when that is not what was seen, and changes nothing',
    says: [
      'Compare-and-swap on the body.',
      'An `Entry`: somebody else wrote that one meanwhile and nothing was changed.',
    ],
    async run(context) {
      const { backend } = context
      const theirs = makeEntry(context, '{"theirs":1}')
      await backend.create('k', theirs)
      const mine = makeEntry(context, '{"mine":1}', { expires: context.now() + 9000 })
      assertEntry(await backend.replace('k', '{"seen":1}', mine), theirs)
      assertEntry(await backend.replace('k', mine.body, mine), theirs, 'my own body is not what stands there')
      assertEntry(await backend.read('k'), theirs)
    },
  },
  {
    name: 'replace tells bodies apart by every code unit, not by what they mean',
    async run(context) {
      const { backend } = context
      const big = `["${'x'.repeat(MEGABYTE / 4)}"]`
      const pairs: Array<[standing: string, seen: string]> = [
        ['{"a":1,"b":2}', '{"b":2,"a":1}'],
        ['{"a":1}', '{ "a": 1 }'],
        ['{"a":1}', '{"a":1} '],
        ['{"a":1}', '{"a":1.0}'],
        ['{"a":"x"}', '{"a":"X"}'],
        ['{"a":"\u00e9"}', '{"a":"e\u0301"}'],
        ['{"a":"\u00e9"}', '{"a":"\\u00e9"}'],
        [big, big.replace('x"]', 'y"]')],
        [big, big.replace('["x', '["y')],
      ]
      for (const [index, [standing, seen]] of pairs.entries()) {
        const entry = makeEntry(context, standing)
        await backend.create(`k${index}`, entry)
        assertEntry(
          await backend.replace(`k${index}`, seen, makeEntry(context, '{"mine":1}')),
          entry,
          `pair ${index}`,
        )
        assertEntry(await backend.read(`k${index}`), entry, `pair ${index} afterwards`)
      }
    },
  },
]
