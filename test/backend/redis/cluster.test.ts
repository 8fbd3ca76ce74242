/** A cluster that loses masters: what goes on, what asynchronous replication loses, and what WAIT buys. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedisBackend, type RedisBackendOptions } from '../../../lib/backend/redis/backend'
import { linkOf } from '../../../lib/backend/redis/client'
import { RedisStore } from '../../../lib/store/redis'
import { CLUSTER_CLIENTS, type OpenClient } from '../../support/redis-clients'
import { type RedisCluster, type RedisServer, startRedisCluster, withoutRedis } from '../../support/servers'

const entry = (body: string | number) => ({ body: String(body), expires: Date.now() + 600_000 })

describe('a Redis cluster', { skip: withoutRedis() }, () => {
  let cluster: RedisCluster
  const opened: OpenClient[] = []
  before(async () => {
    cluster = await startRedisCluster({ nodeTimeoutMs: 500 })
  })
  after(async () => {
    for (const { close } of opened) await close().catch(() => {})
    await cluster.stop()
  })
  const open = async (name: string, options?: RedisBackendOptions) => {
    const one = await CLUSTER_CLIENTS[name]!(cluster)
    opened.push(one)
    return new RedisBackend(linkOf(one.client), options)
  }
  const replicaOf = async (master: RedisServer): Promise<RedisServer> => {
    const lines = String(
      await master.command('CLUSTER', 'REPLICAS', String(await master.command('CLUSTER', 'MYID'))),
    )
    return cluster.nodes.find(({ port }) => lines.includes(`:${port}@`))!
  }
  /** Until a write to this key is taken again. */
  const served = async (key: string) => {
    const backend = await open('ioredis 6')
    await until(`${key} is served`, async () => (await backend.create(key, entry(0))) || true)
  }

  for (const name of Object.keys(CLUSTER_CLIENTS)) {
    test(`sessions on all masters are read, swapped, listed and ended with ${name}`, async () => {
      const one = await CLUSTER_CLIENTS[name]!(cluster)
      opened.push(one)
      const { client } = one
      const store = new RedisStore({ client, prefix: `${name}*:`, owners: true })
      const ids = Array.from({ length: 60 }, (_, i) => `id${i}`)
      await Promise.all(ids.map((id) => store.set(id, { cookie: {}, id } as any)))
      await Promise.all(ids.map((id) => store.set(id, { cookie: {}, id, again: true } as any)))
      assert.deepEqual(Object.keys(await store.all()).sort(), ids.sort())
      assert.equal(((await store.get('id7')) as any).again, true)
      await store.clear()
      assert.equal(await store.length(), 0)
    })
  }

  test('a master dies: traffic goes on after the fail-over, no acknowledged write is lost, nothing ended comes back', async (t) => {
    const careful = { waitReplicas: { replicas: 1, timeout: 300 } }
    const names = ['node-redis 6', 'ioredis 6']
    const plain = await Promise.all(names.map(async (name) => new Traffic(name, await open(name))))
    const waiting = await Promise.all(
      names.map(async (name) => new Traffic(`${name}, waitReplicas`, await open(name, careful))),
    )
    const runs = [...plain, ...waiting]
    await Promise.all(runs.map((run) => run.begin()))
    const victim = await cluster.masterOf(plain[0]!.keys[0]!)
    const going = runs.map((run) => run.goOn())
    await until('some traffic', async () => runs.every(({ acknowledged }) => acknowledged > 100))
    const killedAt = Date.now()
    await victim.kill()
    await until('all sessions are written again', async () => plain.every((run) => run.isBack(killedAt)))
    // The new master has no replica now, so nothing can be acknowledged that waits for one.
    await victim.start()
    await until('also with a replica', async () => waiting.every((run) => run.isBack(killedAt)))
    for (const run of runs) run.over = true
    await Promise.all(going)
    const checker = await open('ioredis 6')
    for (const run of runs) {
      const { lost, revived } = await run.check(checker)
      t.diagnostic(
        `${run.name}: ${run.acknowledged} acknowledged, ${run.failed} failed, lost ${lost}, revived ${revived}, ` +
          `longest gap ${run.gapMs} ms`,
      )
      if (waiting.includes(run)) assert.deepEqual({ lost, revived }, { lost: 0, revived: 0 })
    }
    await cluster.settled()
  })

  test('what a master acknowledged and had not sent on dies with it; with waitReplicas it was not acknowledged', async (t) => {
    const without = await open('ioredis 6')
    const careful = await Promise.all(
      Object.keys(CLUSTER_CLIENTS).map((name) => open(name, { waitReplicas: { replicas: 1, timeout: 50 } })),
    )
    await served('{a}1')
    const master = await cluster.masterOf('{a}1')
    const replica = await until('it has a replica', () => replicaOf(master))
    for (const [i, backend] of careful.entries()) await backend.create(`{a}kept${i}`, entry(i))
    replica.pause()
    let acknowledged = 0
    for (let i = 0; i < 50; i++) if (await without.create(`{a}lost${i}`, entry(i))) acknowledged++
    for (const [i, backend] of careful.entries()) {
      await assert.rejects(backend.create(`{a}refused${i}`, entry(i)), {
        code: 'ERR_SESSION_STORE',
        message: 'the write stands, but only 0 of 1 replicas had it within 50 ms',
      })
    }
    await master.kill()
    replica.resume()
    await served('{a}2')
    const survived: string[] = []
    for await (const [key] of without.scan('{a}lost')) survived.push(key)
    t.diagnostic(
      `without waitReplicas: ${acknowledged} acknowledged while the replica stood still, ${survived.length} survived`,
    )
    for (const i of careful.keys()) assert.equal((await without.read(`{a}kept${i}`))?.body, String(i))
    assert.ok(survived.length < acknowledged, 'Redis promises no more than this')
    await master.start()
  })
})

/** Sessions that count up by compare-and-swap, each from one writer, and a few that are ended on the way. */
class Traffic {
  over = false
  acknowledged = 0
  failed = 0
  readonly keys: string[]
  readonly #last = new Map<string, number>()
  readonly #ended = new Set<string>()
  readonly #writtenAt = new Map<string, number>()
  #gapMs = 0

  constructor(
    readonly name: string,
    readonly backend: RedisBackend,
  ) {
    this.keys = Array.from({ length: 24 }, (_, i) => `${name}:${i}`)
  }

  async begin(): Promise<void> {
    for (const key of this.keys) {
      await this.backend.create(key, entry(0))
      await this.backend.create(`${key}:ending`, entry(0))
    }
  }

  async goOn(): Promise<void> {
    await Promise.all([...this.keys.map((key) => this.#count(key)), this.#end()])
  }

  async #count(key: string): Promise<void> {
    let seen: string | undefined = '0'
    while (!this.over) {
      try {
        if (seen === undefined) seen = (await this.backend.read(key))?.body
        if (seen === undefined) throw new Error('gone')
        const next = Number(seen) + 1
        const answer = await this.backend.replace(key, seen, entry(next))
        seen = answer === true ? String(next) : answer?.body
        if (answer !== true) continue
        this.#last.set(key, next)
        const now = Date.now()
        this.#gapMs = Math.max(this.#gapMs, now - (this.#writtenAt.get(key) ?? now))
        this.#writtenAt.set(key, now)
        this.acknowledged++
      } catch {
        this.failed++
        seen = undefined
        await sleep(10)
      }
    }
  }

  async #end(): Promise<void> {
    for (const key of this.keys) {
      const ending = `${key}:ending`
      const removed = await this.backend.remove(ending).catch(() => false)
      if (removed) this.#ended.add(ending)
      await sleep(20)
    }
  }

  isBack(since: number): boolean {
    return this.keys.every((key) => (this.#writtenAt.get(key) ?? 0) > since + 400)
  }

  /** Longest time in which one of the sessions was not written. */
  get gapMs(): number {
    return this.#gapMs
  }

  async check(backend: RedisBackend): Promise<{ lost: number; revived: number }> {
    let [lost, revived] = [0, 0]
    for (const [key, last] of this.#last)
      lost += Math.max(0, last - Number((await backend.read(key))?.body ?? 0))
    for (const key of this.#ended) if (await backend.read(key)) revived++
    return { lost, revived }
  }
}

async function until<T>(what: string, holds: () => Promise<T>, tries = 1000): Promise<T> {
  for (let i = 0; i < tries; i++) {
    const answer = await holds().catch(() => undefined)
    if (answer) return answer
    await sleep(10)
  }
  assert.fail(`not in time: ${what}`)
}
