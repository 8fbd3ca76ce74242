import assert from 'node:assert/strict'
import type { Backend } from '../../backend/contract'
import { ignore } from '../../base/async'
import { until, within } from '../waiting'
import { assertEntry, type BackendCase, type BackendContext, makeEntry } from './context'

/** Every call that a backend has, by name. */
function callsOf(context: BackendContext): Map<string, () => unknown> {
  const { backend } = context
  const calls = new Map<string, () => unknown>([
    ['read', () => backend.read('k')],
    ['create', () => backend.create('other', makeEntry(context, '{}'))],
    ['replace', () => backend.replace('k', '{}', makeEntry(context, '{"b":1}'))],
    ['extend', () => backend.extend('k', context.now() + 1000)],
    ['remove', () => backend.remove('k')],
  ])
  if (backend.scan) calls.set('scan', () => first(backend))
  if (backend.ownedBy) calls.set('ownedBy', () => backend.ownedBy?.('ann'))
  if (backend.follow) calls.set('follow', () => backend.follow?.('', ignore))
  if (backend.prune) calls.set('prune', () => backend.prune?.(context.now()))
  return calls
}

async function first(backend: Backend): Promise<unknown> {
  for await (const each of backend.scan?.() ?? []) return each
  return undefined
}

async function answers({ backend, patienceMs }: BackendContext): Promise<boolean> {
  try {
    await within('read', patienceMs, () => backend.read('probe'))
    return true
  } catch {
    return false
  }
}

/** Down, up again, and closed for good. */
export const lifecycleCases: readonly BackendCase[] = [
  {
    name: 'data outlive the backend that wrote them',
    needs: ['durable'],
    async run(context) {
      const { backend } = context
      const entry = makeEntry(context, '{"a":1}')
      await backend.create('k', entry)
      await backend.create('gone', entry)
      await backend.remove('gone')
      await backend.close?.()
      const next = await context.other()
      assertEntry(await next.read('k'), entry)
      assert.equal(await next.read('gone'), undefined)
    },
  },
  {
    name: 'a store that cannot tell gives an error, never an answer',
    says: ['An error means that the store cannot tell.'],
    needs: ['faults'],
    async run(context) {
      await context.backend.create('k', makeEntry(context, '{}'))
      await context.handle.break?.()
      for (const [name, call] of callsOf(context)) {
        await assert.rejects(
          within(name, context.patienceMs, call),
          (error) => error instanceof Error && !(error instanceof assert.AssertionError),
          name,
        )
      }
      await context.handle.mend?.()
    },
  },
  {
    name: 'a store that was down recovers by itself, however often',
    needs: ['faults'],
    async run(context) {
      const { backend, handle } = context
      for (let round = 0; round < 2; round++) {
        await handle.break?.()
        assert.equal(await answers(context), false, `round ${round}, while it is down`)
        await handle.mend?.()
        await until('an answer after the store came back', context.patienceMs, () => answers(context))
        const entry = makeEntry(context, `{"round":${round}}`)
        assert.equal(await backend.create(`k${round}`, entry), true)
        assertEntry(await backend.read(`k${round}`), entry)
        const next = makeEntry(context, '{"next":1}')
        assert.equal(await backend.replace(`k${round}`, entry.body, next), true)
        assert.equal(await backend.extend(`k${round}`, context.now() + 5000), true)
        assert.equal(await backend.remove(`k${round}`), true)
      }
    },
  },
  {
    name: 'the store above is told once of each loss and of each recovery',
    says: [
      'Where the backend can lose its connection: called once by the store above, to be told of each loss and each recovery.',
    ],
    needs: ['watch', 'faults'],
    async run(context) {
      const { backend, handle } = context
      const told: string[] = []
      backend.watch?.(
        () => told.push('down'),
        () => told.push('up'),
      )
      const heard = (words: string) =>
        until(`told ${words}, after ${told.join(', ') || 'nothing'}`, context.patienceMs, async () => {
          await answers(context)
          return told.join(', ') === words
        })
      assert.equal(await answers(context), true)
      assert.deepEqual(told, [], 'nothing happened yet')
      await handle.break?.()
      await heard('down')
      await handle.mend?.()
      await heard('down, up')
      await handle.break?.()
      await heard('down, up, down')
      await handle.mend?.()
      await heard('down, up, down, up')
    },
  },
  {
    name: 'close may be called twice, also at once',
    says: ['Idempotent.'],
    needs: ['close'],
    async run(context) {
      const { backend } = context
      await backend.create('k', makeEntry(context, '{}'))
      const close = async () => backend.close?.()
      await assert.doesNotReject(Promise.all([close(), close()]), 'twice at once')
      await assert.doesNotReject(close(), 'once more')
    },
  },
  {
    name: 'a call after close fails with ERR_SESSION_CLOSED',
    says: ['Calls after it fail with `ERR_SESSION_CLOSED`.'],
    needs: ['close'],
    async run(context) {
      const { backend } = context
      await backend.create('k', makeEntry(context, '{}'))
      await backend.close?.()
      for (const [name, call] of callsOf(context)) {
        await assert.rejects(within(name, context.patienceMs, call), { code: 'ERR_SESSION_CLOSED' }, name)
      }
    },
  },
  {
    name: 'a write that was begun before close is done or fails, and close waits for it',
    needs: ['close', 'durable'],
    async run(context) {
      const { backend } = context
      const keys = Array.from({ length: 30 }, (_, i) => `k${i}`)
      const writes = keys.map(async (key) => backend.create(key, makeEntry(context, '{}')))
      const [results] = await Promise.all([Promise.allSettled(writes), (async () => backend.close?.())()])
      const next = await context.other()
      for (const [index, key] of keys.entries()) {
        if (results[index]?.status === 'rejected') continue
        assert.notEqual(await next.read(key), undefined, 'an acknowledged write is there')
      }
    },
  },
  {
    name: 'a client that was given stays open after close',
    says: ['Closes only what this backend opened.'],
    needs: ['close', 'givenClient'],
    async run(context) {
      const { backend, handle } = context
      await backend.create('k', makeEntry(context, '{}'))
      await backend.close?.()
      assert.equal(await handle.clientWorks?.(), true)
    },
  },
]
