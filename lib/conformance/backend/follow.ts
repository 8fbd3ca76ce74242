import assert from 'node:assert/strict'
import type { Backend, StoreKey } from '../../backend/contract'
import type { KeyNews, News } from '../../backend/news'
import { ignore } from '../../base/async'
import { until } from '../waiting'
import { type BackendCase, type BackendContext, makeEntry } from './context'

/** How long after its acknowledgement a change may be told. */
const TOLD_MS = 250
/** A busy machine gets more; what is told at all is told within this. */
const PATIENCE_MS = 8 * TOLD_MS

/** What one who follows was told. */
class Follower {
  readonly told: News[] = []
  #stop: () => unknown = ignore

  static async begin(backend: Backend, prefix = ''): Promise<Follower> {
    const follower = new Follower()
    const stop = await backend.follow?.(prefix, (news) => follower.told.push(news))
    if (stop) follower.#stop = stop
    return follower
  }

  of(key: StoreKey): KeyNews[] {
    return this.told.filter((news): news is KeyNews => news !== 'gap' && news.key === key)
  }

  heard(what: string, holds: () => boolean): Promise<void> {
    return until(`told of ${what}; told was ${JSON.stringify(this.told)}`, PATIENCE_MS, holds)
  }

  /** Told of this key once more than it was. */
  async hears(key: StoreKey, change: () => unknown): Promise<void> {
    const before = this.of(key).length
    await change()
    await this.heard(key, () => this.of(key).length > before)
  }

  async stop(): Promise<void> {
    await this.#stop()
  }
}

/** Follows through one backend while another one, as another process has it, writes. */
async function following(
  context: BackendContext,
  work: (follower: Follower, writer: Backend) => Promise<void>,
): Promise<void> {
  for (const writer of new Set([context.backend, await context.other()])) {
    const follower = await Follower.begin(context.backend)
    try {
      await work(follower, writer)
    } finally {
      await follower.stop()
    }
    for await (const [key] of context.backend.scan?.() ?? []) await context.backend.remove(key)
  }
}

/** Telling what has happened, to whoever wants to know. */
export const followCases: readonly BackendCase[] = [
  {
    name: 'whoever follows is told of each key that is created, changed or ended, by any backend on the data',
    says: [
      'Tells of each key under this prefix that is created, gets another body, ends or is to end earlier, whichever backend on the same data has done it.',
      'It is in force when it has answered: whatever is acknowledged after that is told, within a quarter of a second.',
    ],
    needs: ['follow'],
    async run(context) {
      await following(context, async (follower, writer) => {
        await follower.hears('k', () => writer.create('k', makeEntry(context, '{"a":1}')))
        await follower.hears('k', () => writer.replace('k', '{"a":1}', makeEntry(context, '{"a":2}')))
        await follower.hears('k', () => writer.remove('k'))
        await writer.create('k', makeEntry(context, '{}'))
        const past = { expires: context.now() - 1 }
        await follower.hears('k', () => writer.replace('k', '{}', makeEntry(context, '{}', past)))
        await writer.create('k', makeEntry(context, '{}'))
        await follower.hears('k', () => writer.extend('k', context.now() + 60_000))
      })
    },
  },
  {
    name: 'of many changes at once none is missed, and a read after the telling answers the newest of them',
    says: ['A read after the telling answers what was told of, or what came after it.'],
    needs: ['follow'],
    async run(context) {
      await following(context, async (follower, writer) => {
        const keys = Array.from({ length: 50 }, (_, i) => `many ${i}`)
        await Promise.all(keys.map(async (key) => writer.create(key, makeEntry(context, '{"n":0}'))))
        await follower.heard('50 new ones', () => keys.every((key) => follower.of(key).length > 0))
        const seen = new Map<StoreKey, string | undefined>()
        let told = follower.told.length
        await Promise.all(
          keys.map(async (key) => writer.replace(key, '{"n":0}', makeEntry(context, '{"n":1}'))),
        )
        await until('read after the telling what was told of', PATIENCE_MS, async () => {
          for (; told < follower.told.length; told++) {
            const news = follower.told[told]
            if (news === 'gap' || !news) continue
            seen.set(news.key, (await context.backend.read(news.key))?.body)
          }
          return keys.every((key) => seen.get(key) === '{"n":1}')
        })
      })
    },
  },
  {
    name: 'the reason of an end goes along, and the key under which a session goes on',
    says: ['The reason that an end was given goes along.'],
    needs: ['follow'],
    async run(context) {
      await following(context, async (follower, writer) => {
        await writer.create('removed', makeEntry(context, '{}'))
        await writer.create('renewed', makeEntry(context, '{}'))
        await writer.remove('removed', { because: 'revoked' })
        const past = makeEntry(context, '{}', { expires: 0 })
        await writer.replace('renewed', '{}', past, { because: 'renewed', successor: 'next' })
        const reasonOf = (key: StoreKey) => follower.of(key).at(-1)?.ending
        await follower.heard('both ends', () => Boolean(reasonOf('removed') && reasonOf('renewed')))
        assert.equal(reasonOf('removed')?.because, 'revoked')
        const { because, successor } = reasonOf('renewed') ?? {}
        assert.deepEqual({ because, successor }, { because: 'renewed', successor: 'next' })
      })
    },
  },
  {
    name: 'what changed nothing is no end',
    needs: ['follow'],
    async run(context) {
      await following(context, async (follower, writer) => {
        await writer.create('k', makeEntry(context, '{"a":1}'))
        const ending = { because: 'renewed', successor: 'next' } as const
        await writer.replace('k', '{"other":1}', makeEntry(context, '{}', { expires: 0 }), ending)
        await writer.remove('absent', { because: 'destroyed' })
        await follower.hears('last', () => writer.create('last', makeEntry(context, '{}')))
        assert.deepEqual(
          follower.told.filter((news) => news !== 'gap' && news.ended),
          [],
        )
      })
    },
  },
  {
    name: 'a key of another prefix is not told of',
    needs: ['follow'],
    async run({ backend, ...context }) {
      const follower = await Follower.begin(backend, 'a*[b]:')
      await backend.create('aXb:1', makeEntry({ backend, ...context }, '{}'))
      await follower.hears('a*[b]:1', () =>
        backend.create('a*[b]:1', makeEntry({ backend, ...context }, '{}')),
      )
      await follower.stop()
      assert.deepEqual(follower.of('aXb:1'), [])
    },
  },
  {
    name: 'several may follow, and nothing is told to one that has stopped',
    says: ['What it gives back ends it: after that nothing is told.'],
    needs: ['follow'],
    async run(context) {
      const { backend } = context
      const [first, second] = [await Follower.begin(backend), await Follower.begin(backend)]
      await first.hears('k', () => backend.create('k', makeEntry(context, '{"a":1}')))
      await second.heard('k', () => second.of('k').length > 0)
      await first.stop()
      const before = first.told.length
      await second.hears('k', () => backend.replace('k', '{"a":1}', makeEntry(context, '{"a":2}')))
      await second.hears('k', () => backend.remove('k'))
      assert.equal(first.told.length, before)
      await second.stop()
      const third = await Follower.begin(backend)
      await third.hears('again', () => backend.create('again', makeEntry(context, '{}')))
      await third.stop()
    },
  },
  {
    name: 'whoever follows hears of a gap after a lost connection, and of what comes then',
    says: ['`gap` is told when anything may have been missed, as after a lost connection.'],
    needs: ['follow', 'faults'],
    async run(context) {
      const { backend, handle } = context
      const follower = await Follower.begin(backend)
      await handle.break?.()
      await handle.mend?.()
      await until('told of a gap', context.patienceMs, () => follower.told.includes('gap'))
      await until('told of what comes then', context.patienceMs, async () => {
        const key = `k${follower.told.length}`
        await Promise.resolve(backend.create(key, makeEntry(context, '{}'))).catch(ignore)
        return follower.told.some((news) => news !== 'gap')
      })
      await follower.stop()
    },
  },
]
