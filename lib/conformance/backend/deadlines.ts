import assert from 'node:assert/strict'
import type { Backend } from '../../backend/contract'
import { inTime } from '../waiting'
import { assertEntry, type BackendCase, makeEntry } from './context'

const BODY = '{"a":1}'
const SOON_MS = 30
const DAY_MS = 86_400_000

/** In every verb that gives something away: a past entry is an absent one. */
async function assertAbsent(backend: Backend, key: string, why: string): Promise<void> {
  assert.equal(await backend.read(key), undefined, `read, ${why}`)
  assert.equal(await backend.replace(key, BODY, { body: BODY, expires: Infinity }), undefined, why)
  assert.equal(await backend.extend(key, Infinity), false, `extend, ${why}`)
  assert.equal(await backend.remove(key), false, `remove, ${why}`)
  assert.equal(await backend.read(key), undefined, `read at last, ${why}`)
}

/** Deadlines are absolute, hold before any prune and reach from the past to never. */
export const deadlineCases: readonly BackendCase[] = [
  {
    name: 'an entry past its deadline is absent in every verb, before any prune',
    async run(context) {
      const { backend, now, pass } = context
      await backend.create('k', { body: BODY, expires: now() + SOON_MS })
      await backend.create('stays', makeEntry(context, BODY))
      await pass(SOON_MS)
      await assertAbsent(backend, 'k', 'after its deadline')
      assert.equal((await backend.read('stays'))?.body, BODY)
    },
  },
  {
    name: 'each verb by itself sees that the deadline has passed',
    async run({ backend, now, pass }) {
      const expires = now() + SOON_MS
      for (const key of ['read', 'replace', 'extend', 'remove'])
        await backend.create(key, { body: BODY, expires })
      await pass(SOON_MS)
      // Each verb meets a key that no other verb has met: a read must not have to clean up first.
      assert.equal(await backend.remove('remove'), false)
      assert.equal(await backend.extend('extend', now() + DAY_MS), false)
      assert.equal(
        await backend.replace('replace', BODY, { body: '{"b":2}', expires: now() + DAY_MS }),
        undefined,
      )
      assert.equal(await backend.read('read'), undefined)
      for (const key of ['remove', 'extend', 'replace']) assert.equal(await backend.read(key), undefined, key)
    },
  },
  {
    name: 'an expired entry does not hold its key',
    says: ['An expired entry does not hold its key.'],
    async run(context) {
      const { backend, now, pass } = context
      await backend.create('k', { body: BODY, expires: now() + SOON_MS })
      await pass(SOON_MS)
      const next = makeEntry(context, '{"b":2}')
      assert.equal(await backend.create('k', next), true)
      assertEntry(await backend.read('k'), next)
    },
  },
  {
    name: 'a deadline in the past is taken, and makes the entry absent at once',
    async run(context) {
      const { backend, now } = context
      for (const [index, past] of [now() - 1, now() - 400 * DAY_MS, 0, -1].entries()) {
        assert.equal(
          await backend.create(`c${index}`, { body: BODY, expires: past }),
          true,
          `create at ${past}`,
        )
        await assertAbsent(backend, `c${index}`, `created at ${past}`)
        await backend.create(`r${index}`, makeEntry(context, '{"r":1}'))
        assert.equal(await backend.replace(`r${index}`, '{"r":1}', { body: BODY, expires: past }), true)
        await assertAbsent(backend, `r${index}`, `replaced at ${past}`)
        await backend.create(`e${index}`, makeEntry(context, BODY))
        assert.equal(await backend.extend(`e${index}`, past), true)
        await assertAbsent(backend, `e${index}`, `extended to ${past}`)
      }
    },
  },
  {
    name: 'extend moves the deadline forwards and backwards and leaves the body',
    says: ['Moves the deadline, forwards or backwards, and leaves the body.'],
    async run({ backend, now, pass }) {
      const start = now()
      await backend.create('k', { body: BODY, expires: start + DAY_MS })
      for (const expires of [start + 5 * DAY_MS, start + DAY_MS / 2]) {
        assert.equal(await backend.extend('k', expires), true)
        assertEntry(await backend.read('k'), { body: BODY, expires })
      }
      const { result, word, leftMs } = await inTime(now, async (soon, key) => {
        await backend.create(`shorter ${key}`, { body: BODY, expires: start + DAY_MS })
        await backend.create(`longer ${key}`, { body: BODY, expires: start + DAY_MS })
        await backend.extend(`shorter ${key}`, soon)
        await backend.extend(`longer ${key}`, soon)
        return backend.extend(`longer ${key}`, start + DAY_MS)
      })
      assert.equal(result, true)
      await pass(leftMs)
      assert.equal(await backend.read(`shorter ${word}`), undefined, 'the nearer deadline counts')
      assertEntry(await backend.read(`longer ${word}`), { body: BODY, expires: start + DAY_MS })
    },
  },
  {
    name: 'a deadline further away than 2^31 milliseconds is kept to the millisecond',
    says: ['Absolute deadline in epoch milliseconds; `Infinity` for never.'],
    async run({ backend, now, pass }) {
      for (const [index, days] of [25, 60, 3650, 36500].entries()) {
        const expires = now() + days * DAY_MS + 1
        assert.equal(await backend.create(`k${index}`, { body: BODY, expires }), true)
        assertEntry(await backend.read(`k${index}`), { body: BODY, expires }, `${days} days`)
        // A timer set for longer than 2^31 ms fires after 1 ms.
        await pass(2)
        assertEntry(await backend.read(`k${index}`), { body: BODY, expires }, `${days} days, a moment later`)
        const further = expires + days * DAY_MS
        assert.equal(await backend.extend(`k${index}`, further), true)
        assertEntry(
          await backend.read(`k${index}`),
          { body: BODY, expires: further },
          `${days} days, extended`,
        )
      }
    },
  },
  {
    name: 'an entry that never expires stays, and can be removed',
    async run({ backend, pass }) {
      const never = { body: BODY, expires: Infinity }
      assert.equal(await backend.create('k', never), true)
      await pass(5)
      assertEntry(await backend.read('k'), never)
      assert.equal(await backend.create('k', never), false)
      assert.equal(await backend.remove('k'), true)
      assert.equal(await backend.read('k'), undefined)
    },
  },
  {
    name: 'no deadline of before clings to an entry: never becomes a time, a time becomes never',
    async run({ backend, now, pass }) {
      const never = { body: BODY, expires: Infinity }
      const { result, word, leftMs } = await inTime(now, async (soon, key) => {
        await backend.create(`extended ${key}`, { body: BODY, expires: soon })
        await backend.create(`replaced ${key}`, { body: BODY, expires: soon })
        await backend.create(`created ${key}`, { body: BODY, expires: now() - 1 })
        return [
          await backend.extend(`extended ${key}`, never.expires),
          await backend.replace(`replaced ${key}`, BODY, never),
          await backend.create(`created ${key}`, never),
        ]
      })
      assert.deepEqual(result, [true, true, true])
      await pass(leftMs)
      const [extended, replaced, created] = [`extended ${word}`, `replaced ${word}`, `created ${word}`]
      for (const key of [extended, replaced, created]) assertEntry(await backend.read(key), never, key)
      const later = now() + DAY_MS
      assert.equal(await backend.extend(extended, later), true)
      assertEntry(await backend.read(extended), { body: BODY, expires: later })
      assert.equal(await backend.replace(replaced, BODY, { body: BODY, expires: later }), true)
      assertEntry(await backend.read(replaced), { body: BODY, expires: later })
    },
  },
]
