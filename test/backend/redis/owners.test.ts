/** The index of owners: whatever crashes in between, it may name too many sessions and never too few. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { linkOf } from '../../../lib/backend/redis/client'
import type { RedisLink } from '../../../lib/backend/redis/link'
import { OwnerIndex } from '../../../lib/backend/redis/owner-index'
import { OwnedRedisBackend } from '../../../lib/backend/redis/owners'
import { CLIENTS, type OpenClient } from '../../support/redis-clients'
import { type RedisServer, startRedis, withoutRedis } from '../../support/servers'

const HOUR_MS = 3_600_000
/** A command that waits moves the deadline; the index allows for an hour of it. */
const SLACK_MS = 60_000
const entry = (body: string, owner?: string, ms = HOUR_MS) => ({ body, expires: Date.now() + ms, owner })

/** A process that dies with its nth command: before that is sent, or before its answer is heard. */
function dyingAt(link: RedisLink, at: number, when: 'before' | 'after', ordered: boolean) {
  let sent = 0
  const dying: RedisLink & { died: boolean } = {
    died: false,
    ordered,
    losses: 0,
    keyPrefix: '',
    ifeq: link.ifeq,
    key: (key) => key,
    nodes: () => link.nodes(),
    async send(key, args) {
      const died = new Promise<never>(() => {})
      if (dying.died) return died
      if (++sent === at) dying.died = true
      if (dying.died && when === 'before') return died
      const answer = await link.send(key, args)
      return dying.died ? died : answer
    },
  }
  return dying
}

/** A process whose commands are carried out one by one, when the test says so. */
class Stepped {
  readonly link: RedisLink
  #next: (() => Promise<void>) | undefined

  constructor(link: RedisLink) {
    this.link = {
      ordered: false,
      losses: 0,
      keyPrefix: '',
      ifeq: link.ifeq,
      key: (key) => key,
      nodes: () => link.nodes(),
      send: (key, args) =>
        new Promise((resolve, reject) => {
          const before = this.#next
          this.#next = async () => {
            this.#next = before
            await link.send(key, args).then(resolve, reject)
          }
        }),
    }
  }

  /** @returns whether there was a command to carry out */
  async step(): Promise<boolean> {
    if (!this.#next) return false
    await this.#next()
    // The process goes on to its next command.
    await new Promise(setImmediate)
    return true
  }
}

describe('the index of owners', { skip: withoutRedis() }, () => {
  let server: RedisServer
  let opened: OpenClient
  let link: RedisLink
  before(async () => {
    server = await startRedis()
    opened = await CLIENTS['node-redis 6']!(server)
    link = linkOf(opened.client)
  })
  after(async () => {
    await opened.close()
    await server.stop()
  })
  beforeEach(() => server.command('FLUSHALL'))

  const ask = (...command: string[]) => link.send('', command)

  const owners = ['ann', 'bob']
  /** Every session that stands, with its owner as the server has it, is found through the index. */
  async function missing(): Promise<string[]> {
    const backend = new OwnedRedisBackend(link)
    const missed: string[] = []
    const found = new Map<string, string[]>()
    for (const owner of owners) {
      for (const [key] of await backend.ownedBy(owner)) found.set(key, [...(found.get(key) ?? []), owner])
    }
    for (const key of ['a', 'b']) {
      if (!(await backend.read(key))) continue
      const owner = await ask('GET', `owner:sess:of:{${key}}`)
      const expected = owner === null ? [] : [String(owner)]
      if (String(found.get(key) ?? []) !== String(expected)) missed.push(key)
      if (owner !== null && !(await reaches(String(owner), key))) missed.push(`${key}, later`)
    }
    return missed
  }

  /** The index lasts as long as the session does, and keeps it until then. */
  async function reaches(owner: string, key: string): Promise<boolean> {
    const index = `owner:sess:to:${owner}`
    const now = Date.now()
    const [left, lasts] = await Promise.all([key, index].map(async (name) => Number(await ask('PTTL', name))))
    const score = Number(await ask('ZSCORE', index, key))
    if (left === -1) return lasts === -1 && score > 8e15
    return (lasts === -1 || lasts! >= left!) && score >= now + left! - SLACK_MS
  }

  const acts: Record<string, (backend: OwnedRedisBackend) => Promise<unknown>> = {
    'a session is created': (backend) => backend.create('a', entry('new', 'ann')),
    'a created key is taken': (backend) => backend.create('b', entry('new', 'ann')),
    'a session changes hands': (backend) => backend.replace('b', '0', entry('1', 'ann')),
    'a session changes, and not its owner': (backend) =>
      backend.replace('b', '0', entry('1', 'bob', 2 * HOUR_MS)),
    'a session loses its owner': (backend) => backend.replace('b', '0', entry('1')),
    'a change is refused': (backend) => backend.replace('b', 'x', entry('1', 'ann')),
    'a session is prolonged': (backend) => backend.extend('b', Date.now() + 9 * HOUR_MS),
    'a session is to stand for ever': (backend) => backend.extend('b', Number.POSITIVE_INFINITY),
    'a session is ended': (backend) => backend.remove('b'),
    'a session goes on under another key': async (backend) => {
      await backend.create('a', entry('0', 'bob'))
      await backend.replace('b', '0', { body: '0', expires: 0, owner: 'bob' })
    },
  }
  for (const [what, act] of Object.entries(acts)) {
    test(`${what}: no crash in between makes the index miss a session`, async (t) => {
      let crashes = 0
      for (const ordered of [true, false]) {
        for (const when of ['before', 'after'] as const) {
          for (let at = 1; at < 40; at++) {
            await ask('FLUSHALL')
            await new OwnedRedisBackend(link).create('b', entry('0', 'bob'))
            const dying = dyingAt(link, at, when, ordered)
            await Promise.race([act(new OwnedRedisBackend(dying)), sleep(12)])
            // What goes on in the background after an answer may die, too.
            await sleep(2)
            if (!dying.died) break
            crashes++
            assert.deepEqual(
              await missing(),
              [],
              `${when} command ${at}, ${ordered ? 'in order' : 'cluster'}`,
            )
          }
        }
      }
      t.diagnostic(`${crashes} crashes`)
      assert.ok(crashes >= 4)
    })
  }

  test('tidying up beside a change of hands, in every order: who was told finds the session', async (t) => {
    let orders = 0
    const seen = new Set<string>()
    for (let order = 0; order < 1 << 12; order++) {
      await ask('FLUSHALL')
      const setUp = new OwnedRedisBackend(link)
      await setUp.create('b', entry('0', 'ann'))
      await setUp.replace('b', '0', entry('1', 'bob'))
      await ask('ZADD', 'owner:sess:to:ann', '1', 'b')
      const [tidier, changer] = [new Stepped(link), new Stepped(link)]
      new OwnerIndex(tidier.link, 'owner:sess:', Date.now).tidy('ann', 'b')
      let [told, checked] = [false, false]
      const changing = new OwnedRedisBackend(changer.link).replace('b', '1', entry('2', 'ann')).then(() => {
        told = true
      })
      let taken = ''
      for (let i = 0; i < 12; i++) {
        const second = (order >> (11 - i)) & 1
        if (!(await (second ? changer : tidier).step())) {
          // Nothing left on that side: this order is another one that has been taken.
          order |= (1 << (11 - i)) - 1
          break
        }
        taken += second
        if (told && !checked) assert.deepEqual(await missing(), [], taken)
        checked ||= told
      }
      if (seen.has(taken)) continue
      seen.add(taken)
      orders++
      while ((await tidier.step()) || (await changer.step()));
      await changing
      assert.deepEqual(await missing(), [], taken)
    }
    t.diagnostic(`${orders} orders`)
    assert.ok(orders > 50)
  })

  test('hands that change a session all the time never make it unfindable for whoever was told of its owner', async () => {
    const backends = [new OwnedRedisBackend(link), new OwnedRedisBackend(link)] as const
    await backends[0].create('a', entry('0', 'ann'))
    let body = '0'
    for (let round = 1; round <= 300; round++) {
      const owner = owners[round % 2]
      const next = String(round)
      // Both try; one gets through, and from its answer on the session is found under its owner.
      await Promise.all(backends.map((backend) => backend.replace('a', body, entry(next, owner))))
      body = next
      const keys = (await backends[round % 2]!.ownedBy(owner!)).map(([key]) => key)
      assert.deepEqual(keys, ['a'], `round ${round}`)
    }
  })

  test('what is left over goes: with the next look, with the next session, and by itself', async () => {
    const backend = new OwnedRedisBackend(link)
    const members = async (owner: string) =>
      (await server.command('ZRANGE', `owner:sess:to:${owner}`, '0', '-1')) as string[]
    for (let i = 0; i < 5; i++) await backend.create(`k${i}`, entry('{}', 'ann'))
    // Somebody else's DEL, connect-redis' for one, knows nothing of an index.
    await server.command('DEL', 'k0', 'k1')
    assert.equal((await backend.ownedBy('ann')).length, 3)
    await until('k0 and k1 are out', async () => String((await members('ann')).sort()) === 'k2,k3,k4')

    // One whose end is long past, as its process saw the time.
    const late = new OwnedRedisBackend(link, { clock: () => Date.now() - 9 * HOUR_MS })
    await late.create('old', { body: '{}', expires: Date.now() - 8 * HOUR_MS, owner: 'ann' })
    assert.ok((await members('ann')).includes('old'))
    await backend.create('k9', entry('{}', 'ann'))
    assert.ok(!(await members('ann')).includes('old'))

    const left = Number(await server.command('PTTL', 'owner:sess:to:ann'))
    assert.ok(
      left > HOUR_MS && left <= 2 * HOUR_MS,
      'as long as the last session, and what clocks may differ',
    )
    await backend.create('for ever', { body: '{}', expires: Number.POSITIVE_INFINITY, owner: 'ann' })
    assert.equal(await server.command('PTTL', 'owner:sess:to:ann'), -1)
    for (const [key] of await backend.ownedBy('ann')) await backend.remove(key)
    await until('no index is left', async () => (await server.command('EXISTS', 'owner:sess:to:ann')) === 0)
  })

  test('a thousand sessions of one owner are read in batches, and others are not looked at', async () => {
    const backend = new OwnedRedisBackend(link)
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) => backend.create(`k${i}`, entry('{}', i % 2 ? 'ann' : 'bob'))),
    )
    await server.command('CONFIG', 'RESETSTAT')
    assert.equal((await backend.ownedBy('ann')).length, 500)
    const stats = String(await server.command('INFO', 'commandstats'))
    assert.match(stats, /cmdstat_pttl:calls=500,/)
    assert.doesNotMatch(stats, /cmdstat_(scan|keys)/)
  })

  test('two applications in one Redis do not see each other’s owners, and listing shows sessions only', async () => {
    const { RedisStore } = require('../../../lib/store/redis')
    const shop = new RedisStore({ client: opened.client, prefix: 'shop:', owners: true })
    const blog = new RedisStore({ client: opened.client, prefix: '', owners: true })
    await shop.backend.create('shop:1', entry('{"cookie":{}}', 'ann'))
    await blog.backend.create('1', entry('{"cookie":{}}', 'ann'))
    assert.deepEqual(
      (await shop.backend.ownedBy('ann')).map(([key]: [string]) => key),
      ['shop:1'],
    )
    assert.deepEqual(
      (await blog.backend.ownedBy('ann')).map(([key]: [string]) => key),
      ['1'],
    )
    assert.equal(await shop.length(), 1)
  })
})

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await holds()) return
    await sleep(5)
  }
  assert.fail(`not in time: ${what}`)
}
