/** Whoever adds `created` and takes away what has ended knows how many sessions live. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import session from '../../lib'
import type { EndReason } from '../../lib/base/events'
import type { BackedStore } from '../../lib/store/backed-store'
import { overOurStores } from '../support/our-stores'

const owner = (data: Record<string, unknown>) => data['user'] as string | undefined

/** Numbers that look random and are the same in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** The sessions that live, as the events say. */
class Ledger {
  readonly live = new Set<string>()
  readonly because = new Map<string, number>()
  readonly wrong: string[] = []

  constructor(events: import('../../lib/index').SessionEmitter) {
    events.on('created', (event) => this.#begin(event.session))
    events.on('renewed', (event) => {
      this.#end(event.previous, 'renewed')
      this.#begin(event.session)
    })
    events.on('destroyed', (event) => this.#end(event.session, event.because))
    events.on('expired', (event) => this.#end(event.session, event.because))
  }

  #begin(one: string): void {
    if (this.live.has(one)) this.wrong.push(`${one} began twice`)
    this.live.add(one)
  }

  #end(one: string, because: string): void {
    if (!this.live.delete(one)) this.wrong.push(`${one} ended by ${because}, and did not live`)
    this.because.set(because, (this.because.get(because) ?? 0) + 1)
  }
}

/** Requests without a network. */
function visitorsOf(store: BackedStore) {
  const options = { secret: 'a secret of the ledger', resave: false, saveUninitialized: false } as const
  const sessions = session({ ...options, unset: 'destroy', store })
  let cookie = ''
  async function visit(id: string | undefined): Promise<any> {
    const req: any = { url: '/', headers: {} }
    if (id) req.headers.cookie = `connect.sid=${cookie}`
    await new Promise((next) => sessions(req, {}, next))
    return req
  }
  async function visitAs(id: string): Promise<any> {
    const { sign } = require('cookie-signature') as typeof import('cookie-signature')
    cookie = encodeURIComponent(`s:${sign(id, options.secret)}`)
    return visit(id)
  }
  return { sessions, fresh: () => visit(undefined), visitAs }
}

const USERS = ['ann', 'bob', 'eve']

async function randomWork(store: BackedStore, seed: number, steps: number) {
  const random = chance(seed)
  const { sessions, fresh, visitAs } = visitorsOf(store)
  const ledger = new Ledger(sessions.events)
  let ids: string[] = []
  const one = () => ids[random(ids.length)] ?? 'none'
  const known = async () => (await visitAs(one())).session
  const work: Array<() => Promise<unknown>> = [
    ...Array.from({ length: 6 }, () => async () => {
      const { session } = await fresh()
      session.user = USERS[random(3)]
      ids.push(session.id)
      await session.save()
    }),
    async () => (await fresh()).session.destroy(),
    async () => (await fresh()).session.regenerate(),
    async () => (await known()).destroy(),
    async () => {
      const [first, second] = [await visitAs(ids[0] ?? 'none'), await visitAs(ids[0] ?? 'none')]
      await Promise.all([first.session.destroy(), second.session.destroy()])
    },
    async () => (await known()).regenerate(),
    async () => {
      const found = await known()
      found.user ??= 'ann'
      await found.save()
      await found.renewId()
      ids.push(found.id)
    },
    async () => store.destroy(one()),
    async () => store.set(one(), { cookie: {}, user: USERS[random(3)] } as never),
    async () => {
      const [first] = await store.sessionsOf(USERS[random(3)] ?? '')
      if (first) await store.revoke(first.key)
    },
    async () => random(4) > 0 || store.revokeOwner(USERS[random(3)] ?? ''),
    async () => random(3) > 0 || store.clear(),
  ]
  for (let step = 0; step < steps; step++) {
    await work[random(work.length)]?.()
    ids = ids.slice(-12)
    assert.deepEqual(ledger.wrong, [], `step ${step}`)
    assert.equal(ledger.live.size, await store.length(), `step ${step}`)
  }
  return ledger
}

describe('from events alone it is known how many sessions live', () => {
  overOurStores('under random work', (place) => {
    for (const hashIds of [false, true]) {
      test(`with every way to begin and to end, hashIds ${hashIds}`, async (t) => {
        const store = place(t).open({ owner, maxPerOwner: 4, hashIds })
        const ledger = await randomWork(store, 7, 150)
        const reasons: EndReason[] = ['destroyed', 'regenerated', 'revoked', 'cleared', 'evicted']
        for (const because of [...reasons, 'renewed'])
          assert.ok(ledger.because.has(because), `nothing was ${because}`)
        const live = (await Promise.all(USERS.map((user) => store.sessionsOf(user)))).flat()
        for (const { fingerprint } of live) assert.ok(ledger.live.has(fingerprint))
      })
    }

    test('where one more session of an owner is refused', async (t) => {
      const store = place(t).open({ owner, maxPerOwner: { max: 1, overflow: 'refuse' } })
      const { sessions, fresh, visitAs } = visitorsOf(store)
      const ledger = new Ledger(sessions.events)
      for (let i = 0; i < 3; i++) {
        const { session } = await fresh()
        session.basket = 'full'
        await session.save()
        const found = (await visitAs(session.id)).session
        found.user = 'ann'
        await found.save().catch((error: { code: string }) => assert.equal(error.code, 'ERR_SESSION_LIMIT'))
      }
      assert.deepEqual(ledger.wrong, [])
      assert.equal(ledger.live.size, await store.length())
    })
  })

  test('also of a MemoryStore that is full, and where sessions reach their end', async () => {
    const store = new session.MemoryStore({ max: 10, owner })
    const ledger = await randomWork(store, 3, 200)
    assert.ok(ledger.because.has('evicted'))
    store.sessions['by-hand'] = '{"cookie":{},"user":"ann"}'
    delete store.sessions['by-hand']
    await store.clear()
    for (let i = 0; i < 5; i++) {
      const expires = new Date(Date.now() + 5)
      await store.set(`brief${i}`, { cookie: { expires }, user: 'ann' } as never)
    }
    assert.equal(ledger.live.size, 5)
    await sleep(10)
    store.backend.prune(Date.now())
    assert.deepEqual(ledger.wrong, [])
    assert.equal(ledger.live.size, 0)
    assert.equal(ledger.because.get('deadline'), 5)
  })

  test('every middleware on a store is told of what the store does', async () => {
    const store = new session.MemoryStore()
    const [first, second] = [visitorsOf(store), visitorsOf(store)]
    const told: string[] = []
    for (const { sessions } of [first, second])
      sessions.events.on('destroyed', ({ because }) => told.push(because))
    const { session: made } = await first.fresh()
    made.user = 'ann'
    await made.save()
    await store.destroy(made.id)
    assert.deepEqual(told, ['destroyed', 'destroyed'])
  })
})
