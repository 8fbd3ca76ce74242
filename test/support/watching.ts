/** What `store.watch` promises, for every store that has it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import session from '../../lib'
import type { BackedStore, BackedStoreOptions } from '../../lib/store/backed-store'
import type { WatchEvent, WatchTarget } from '../../lib/store/watch'

export interface WatchedStores {
  /** Two stores on the same data, as two processes have them; where there are none, the same twice. */
  watching: BackedStore
  writing: BackedStore
  close(): Promise<unknown>
}

export const owner = (data: Record<string, unknown>) => data['user'] as string | undefined

export type OpenWatched = (options: BackedStoreOptions) => WatchedStores | Promise<WatchedStores>

/** Events as they come, and the wait for those that have to. */
export class Told {
  readonly events: WatchEvent[] = []
  stop: () => void = () => {}

  static async of(store: BackedStore, target: WatchTarget): Promise<Told> {
    const told = new Told()
    told.stop = await store.watch(target, (event) => told.events.push(event))
    return told
  }

  /** @returns all so far, when there are as many as are expected and a moment has brought no more */
  async words(count: number, limitMs = 5000): Promise<string[]> {
    const until = Date.now() + limitMs
    while (this.events.length < count && Date.now() < until) await sleep(2)
    await sleep(5)
    return this.events.map(({ type, because, owner }) => [type, because, owner].filter(Boolean).join(' '))
  }
}

export const cookie = (maxAge: number | null = 3_600_000) =>
  ({ originalMaxAge: maxAge, expires: maxAge === null ? null : new Date(Date.now() + maxAge) }) as never

/** A request through a middleware on this store. */
export async function request(store: BackedStore, id?: string): Promise<any> {
  const secret = 'a secret of the tests of watching'
  const sessions = session({
    secret,
    resave: false,
    saveUninitialized: false,
    store,
    cookie: { maxAge: 3_600_000 },
  })
  const { sign } = require('cookie-signature')
  const headers =
    id === undefined ? {} : { cookie: `connect.sid=${encodeURIComponent(`s:${sign(id, secret)}`)}` }
  const req: any = { url: '/', headers }
  await new Promise<void>((done, fail) =>
    sessions(req, {} as never, (error?: Error) => (error ? fail(error) : done())),
  )
  return req
}

export function testWatching(name: string, open: OpenWatched, skip: string | false = false): void {
  const opened = async (t: { after(work: () => unknown): void }, options: BackedStoreOptions = { owner }) => {
    const stores = await open(options)
    t.after(() => stores.close())
    return stores
  }

  describe(`watching sessions in ${name}`, { skip }, () => {
    test('all sessions: each is told created, changed and ended, with its data, once', async (t) => {
      const { watching, writing } = await opened(t)
      await writing.set('before', { cookie: cookie(), user: 'ann' } as never)
      const told = await Told.of(watching, { all: true })
      await writing.set('new', { cookie: cookie(), n: 1 } as never)
      assert.deepEqual(await told.words(1), ['created'])
      await writing.set('new', { cookie: cookie(), n: 2, user: 'bob' } as never)
      assert.deepEqual(await told.words(2), ['created', 'changed bob'])
      assert.deepEqual({ ...told.events[1]?.data }, { n: 2, user: 'bob' })
      await writing.destroy('new')
      await writing.destroy('before')
      assert.deepEqual((await told.words(4)).sort(), [
        'changed bob',
        'created',
        'ended destroyed ann',
        'ended destroyed bob',
      ])
      assert.equal(told.events[0]?.fingerprint, writing.fingerprintOf('new'))
      assert.doesNotMatch(JSON.stringify(told.events), /"new"|"before"/, 'no id is told')
      told.stop()
      await writing.set('later', { cookie: cookie() } as never)
      await sleep(20)
      assert.equal(told.events.length, 4, 'nothing after the stop')
    })

    test('one session: its changes and its end, with the last data; no word of others', async (t) => {
      const { watching, writing } = await opened(t)
      for (const id of ['mine', 'other']) await writing.set(id, { cookie: cookie(), n: 1 } as never)
      const told = await Told.of(watching, { session: 'mine' })
      await writing.set('other', { cookie: cookie(), n: 2 } as never)
      await writing.set('mine', { cookie: cookie(), n: 3 } as never)
      assert.deepEqual(await told.words(1), ['changed'])
      await writing.touch('mine', { cookie: cookie(7_200_000) } as never)
      await writing.destroy('other')
      await writing.destroy('mine')
      assert.deepEqual(await told.words(2), ['changed', 'ended destroyed'])
      assert.deepEqual({ ...told.events[1]?.data }, { n: 3 })
      await writing.set('mine', { cookie: cookie() } as never)
      await sleep(20)
      assert.equal(told.events.length, 2, 'its watch has ended with it')
    })

    test('an owner: sessions that come, become the owner’s, leave and end', async (t) => {
      const { watching, writing } = await opened(t)
      await writing.set('first', { cookie: cookie(), user: 'ann' } as never)
      await writing.set('guest', { cookie: cookie() } as never)
      const told = await Told.of(watching, { owner: 'ann' })
      await writing.set('bobs', { cookie: cookie(), user: 'bob' } as never)
      await writing.set('second', { cookie: cookie(), user: 'ann' } as never)
      assert.deepEqual(await told.words(1), ['created ann'])
      await writing.set('guest', { cookie: cookie(), user: 'ann' } as never)
      assert.deepEqual(await told.words(2), ['created ann', 'created ann'])
      await writing.set('second', { cookie: cookie(), user: 'bob' } as never)
      assert.deepEqual((await told.words(3))[2], 'changed bob')
      await writing.set('second', { cookie: cookie(), user: 'bob', n: 1 } as never)
      await writing.revokeOwner('ann', { except: 'first' })
      assert.deepEqual((await told.words(4)).slice(3), ['ended revoked ann'])
      assert.equal(told.events[3]?.fingerprint, writing.fingerprintOf('guest'))
    })

    test('requests: why a session ended, and which one goes on in its place', async (t) => {
      const { watching, writing } = await opened(t)
      const told = await Told.of(watching, { all: true })
      const req = await request(writing)
      req.session.n = 1
      await req.session.save()
      assert.deepEqual(await told.words(1), ['created'])
      const first = writing.fingerprintOf(req.session.id)
      await req.session.renewId()
      assert.deepEqual((await told.words(3)).sort(), ['created', 'created', 'ended renewed'])
      const renewed = told.events.find(({ type }) => type === 'ended')
      assert.equal(renewed?.fingerprint, first)
      assert.equal(renewed?.successor, writing.fingerprintOf(req.session.id))
      await req.session.regenerate()
      assert.equal((await told.words(4))[3], 'ended regenerated')
      req.session.n = 2
      await req.session.save()
      assert.equal((await told.words(5))[4], 'created')
      await req.session.destroy()
      assert.equal((await told.words(6))[5], 'ended destroyed')
      await writing.set('last', { cookie: cookie() } as never)
      assert.equal((await told.words(7))[6], 'created')
      await writing.clear()
      assert.equal((await told.words(8))[7], 'ended cleared')
    })

    test('the end of its time is told soon after it has come, and a touch puts it off', async (t) => {
      const { watching, writing } = await opened(t)
      await writing.set('short', { cookie: cookie(120) } as never)
      await writing.set('touched', { cookie: cookie(120) } as never)
      const told = await Told.of(watching, { all: true })
      await writing.touch('touched', { cookie: cookie(400) } as never)
      const startedMs = Date.now()
      assert.deepEqual(await told.words(1), ['ended expired'])
      assert.equal(told.events[0]?.fingerprint, writing.fingerprintOf('short'))
      assert.deepEqual(await told.words(2), ['ended expired', 'ended expired'])
      assert.ok(Date.now() - startedMs >= 300, 'not before the touched one had ended')
    })

    test('a listener that throws is told on, and told further', async (t) => {
      const { watching, writing } = await opened(t)
      const errors: string[] = []
      watching.on('watchError', (error: Error) => errors.push(error.message))
      const heard: string[] = []
      await watching.watch({ all: true }, ({ type }) => {
        heard.push(type)
        throw new Error('thrown')
      })
      await watching.watch({ all: true }, async () => {
        throw new Error('rejected')
      })
      const told = await Told.of(watching, { all: true })
      await writing.set('a', { cookie: cookie() } as never)
      await told.words(1)
      await writing.destroy('a')
      assert.deepEqual(await told.words(2), ['created', 'ended destroyed'])
      assert.deepEqual(heard, ['created', 'ended'])
      assert.deepEqual(errors.sort(), ['rejected', 'rejected', 'thrown', 'thrown'])
    })

    test('with hashed ids and sealed records', async (t) => {
      const seal = session.seal({ keys: ['0123456789abcdef0123456789abcdef'] })
      const { watching, writing } = await opened(t, { owner, hashIds: true, seal })
      await writing.set('id', { cookie: cookie(), n: 1 } as never)
      const told = await Told.of(watching, { session: 'id' })
      await writing.set('id', { cookie: cookie(), n: 2 } as never)
      await told.words(1)
      assert.deepEqual({ ...told.events[0]?.data }, { n: 2 })
      await writing.destroy('id')
      assert.deepEqual(await told.words(2), ['changed', 'ended destroyed'])
      assert.equal(told.events[1]?.fingerprint, writing.fingerprintOf('id'))
    })

    test('what cannot be watched is a coded error', async (t) => {
      const { watching } = await opened(t, {})
      const ignore = () => {}
      for (const target of [
        undefined,
        null,
        {},
        { all: false },
        { session: '' },
        { session: 1 },
        { owner: {} },
      ]) {
        await assert.rejects(watching.watch(target as never, ignore), { code: 'ERR_SESSION_OPTION' })
      }
      await assert.rejects(watching.watch({ session: 'a', all: true } as never, ignore), /exactly one|one of/)
      await assert.rejects(watching.watch({ all: true }, 'f' as never), { code: 'ERR_SESSION_OPTION' })
      await assert.rejects(watching.watch({ owner: 'ann' }, ignore), { code: 'ERR_SESSION_OPTION' })
      const stop = await watching.watch({ session: 'absent' }, ignore)
      await watching.close()
      await assert.rejects(watching.watch({ all: true }, ignore), { code: 'ERR_SESSION_CLOSED' })
      stop()
      stop()
    })
  })
}
