import assert from 'node:assert/strict'
import type { Backend } from '../../backend/contract'
import { assertEntry, type BackendCase, type BackendContext, makeEntry } from './context'

const WRITERS = 20
const ROUNDS = 25
/** Every conflict means that somebody else got through, so one writer never needs more tries than there are writers. */
const MAX_TRIES = WRITERS + 1

/** Two hands on the same data where the store can have them, so that races go through the store itself. */
async function hands(context: BackendContext): Promise<(index: number) => Backend> {
  const [first, second] = [context.backend, await context.other()]
  return (index) => (index % 2 === 0 ? first : second)
}

/** What happens at the same time happens in some order: nobody's acknowledged work is lost, nothing gone comes back. */
export const raceCases: readonly BackendCase[] = [
  {
    name: 'of many who create one key at once exactly one succeeds, and its body stands',
    async run(context) {
      const hand = await hands(context)
      const bodies = Array.from({ length: WRITERS }, (_, i) => `{"writer":${i}}`)
      const won = await Promise.all(
        bodies.map(async (body, i) => hand(i).create('k', makeEntry(context, body))),
      )
      assert.equal(won.filter((each) => each === true).length, 1)
      assert.equal(won.filter((each) => each === false).length, WRITERS - 1)
      assert.equal((await context.backend.read('k'))?.body, bodies[won.indexOf(true)])
    },
  },
  {
    name: 'of many who create over one expired entry at once exactly one succeeds',
    async run(context) {
      const hand = await hands(context)
      await context.backend.create('k', { body: '{"old":1}', expires: context.now() + 20 })
      await context.pass(20)
      const bodies = Array.from({ length: WRITERS }, (_, i) => `{"writer":${i}}`)
      const won = await Promise.all(
        bodies.map(async (body, i) => hand(i).create('k', makeEntry(context, body))),
      )
      assert.equal(won.filter((each) => each === true).length, 1)
      assert.equal((await context.backend.read('k'))?.body, bodies[won.indexOf(true)])
    },
  },
  {
    name: "of many who replace the same body at once exactly one succeeds, and the others get the winner's",
    async run(context) {
      const hand = await hands(context)
      await context.backend.create('k', makeEntry(context, '{}'))
      const entries = Array.from({ length: WRITERS }, (_, i) => makeEntry(context, `{"writer":${i}}`))
      const answers = await Promise.all(entries.map(async (entry, i) => hand(i).replace('k', '{}', entry)))
      assert.equal(answers.filter((each) => each === true).length, 1)
      const winner = entries[answers.indexOf(true)]
      assert.ok(winner)
      for (const answer of answers) if (answer !== true) assertEntry(answer, winner)
      assertEntry(await context.backend.read('k'), winner)
    },
  },
  {
    name: 'many who merge their own key into one body at once all find it there afterwards',
    async run(context) {
      const hand = await hands(context)
      await context.backend.create('k', makeEntry(context, '{}'))
      const tries = await Promise.all(
        Array.from({ length: WRITERS }, (_, i) => merge(hand(i), context, `key${i}`)),
      )
      const body = (await context.backend.read('k'))?.body ?? '{}'
      assert.deepEqual(Object.keys(JSON.parse(body)).sort(), Array.from(tries, (_, i) => `key${i}`).sort())
    },
  },
  {
    name: 'extend that races remove brings nothing back',
    async run(context) {
      await neverRevives(context, (backend, key) => backend.extend(key, context.now() + 3_600_000))
    },
  },
  {
    name: 'replace that races remove brings nothing back',
    async run(context) {
      await neverRevives(context, (backend, key) =>
        backend.replace(key, '{}', makeEntry(context, '{"late":1}')),
      )
    },
  },
  {
    name: 'of many who remove one entry at once exactly one took it away',
    async run(context) {
      const hand = await hands(context)
      await context.backend.create('k', makeEntry(context, '{}'))
      const answers = await Promise.all(Array.from({ length: WRITERS }, async (_, i) => hand(i).remove('k')))
      assert.equal(answers.filter((each) => each === true).length, 1)
      assert.equal(answers.filter((each) => each === false).length, WRITERS - 1)
      assert.equal(await context.backend.read('k'), undefined)
    },
  },
  {
    name: 'what one backend was told is written, another on the same data reads at once',
    needs: ['shared'],
    async run(context) {
      const { backend } = context
      const other = await context.other()
      const first = makeEntry(context, '{"a":1}')
      await backend.create('k', first)
      assertEntry(await other.read('k'), first)
      assert.equal(await other.create('k', first), false)
      const second = makeEntry(context, '{"a":2}')
      assert.equal(await other.replace('k', first.body, second), true)
      assertEntry(await backend.read('k'), second)
      const expires = context.now() + 7_200_000
      assert.equal(await backend.extend('k', expires), true)
      assertEntry(await other.read('k'), { ...second, expires })
      assert.equal(await other.remove('k'), true)
      assert.equal(await backend.read('k'), undefined)
    },
  },
]

async function neverRevives(
  context: BackendContext,
  late: (backend: Backend, key: string) => unknown,
): Promise<void> {
  const other = await context.other()
  for (let round = 0; round < ROUNDS; round++) {
    const key = `k${round}`
    await context.backend.create(key, makeEntry(context, '{}'))
    const work = [async () => late(other, key), async () => late(context.backend, key)]
    // The removal goes first, second or last, by turns.
    work.splice(round % 3, 0, async () => assert.equal(await context.backend.remove(key), true))
    await Promise.all(work.map((each) => each()))
    assert.equal(await context.backend.read(key), undefined, `round ${round}`)
    assert.equal(await other.read(key), undefined, `round ${round}, read by the other`)
  }
}

async function merge(backend: Backend, context: BackendContext, key: string): Promise<void> {
  let seen = (await backend.read('k'))?.body
  for (let tries = 0; tries < MAX_TRIES && seen !== undefined; tries++) {
    const mine = JSON.stringify({ ...JSON.parse(seen), [key]: 1 })
    const answer = await backend.replace('k', seen, makeEntry(context, mine))
    if (answer === true) return
    seen = answer?.body
  }
  assert.fail(seen === undefined ? 'the entry vanished' : `no success in ${MAX_TRIES} tries`)
}
