/** The near cache: no round trip for a hot session, and never a state that this process knows to be overwritten. */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend } from '../../../lib/backend/contract'
import { RedisBackend } from '../../../lib/backend/redis/backend'
import { linkOf } from '../../../lib/backend/redis/client'
import { NearCache } from '../../../lib/backend/redis/near-cache'
import { TRACKING, TrackedReader, trackedCopy } from '../../../lib/backend/redis/tracked'
import { testBackend } from '../../../lib/conformance/backend/cases'
import { RedisStore } from '../../../lib/store/redis'
import { CLIENTS, type OpenClient } from '../../support/redis-clients'
import { type RedisServer, startRedis, withoutRedis } from '../../support/servers'

const LONG =
  'a listing of 10,000 gives each that stands throughout exactly once while others come, go and change'

describe('the near cache', { skip: withoutRedis() }, () => {
  let server: RedisServer
  let opened: OpenClient
  before(async () => {
    server = await startRedis()
    opened = await CLIENTS['node-redis 6']!(server)
  })
  after(async () => {
    await opened.close()
    await server.stop()
  })
  beforeEach(() => server.command('FLUSHALL'))

  const near = (client: unknown, maxBytes = 1 << 20): NearCache =>
    new NearCache(
      new RedisBackend(linkOf(client as any)),
      (onStale) => new TrackedReader(trackedCopy(client), onStale),
      maxBytes,
    )
  const entry = (body: string) => ({ body, expires: Date.now() + 60_000 })
  /** Whether it is read from memory: such an answer is no promise. */
  const isNear = (backend: Backend, key: string) => !(backend.read(key) instanceof Promise)
  const warm = (backend: Backend, key: string) =>
    until(`${key} is near`, async () => {
      await backend.read(key)
      return isNear(backend, key)
    })
  const reads = async () =>
    Number(/cmdstat_get:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1] ?? 0)

  for (const name of ['node-redis 5', 'node-redis 6']) {
    testBackend(
      `NearCache with ${name}`,
      async () => {
        const { client, close } = await CLIENTS[name]!(server)
        await server.command('FLUSHALL')
        return {
          backend: near(client),
          reopen: () => near(client),
          precisionMs: 2000,
          clock: { now: Date.now, advance: (ms) => sleep(ms + 20) },
          clientWorks: async () => (await (client as any).ping()) === 'PONG',
          close,
        }
      },
      {
        capabilities: ['scan', 'close', 'durable', 'givenClient', 'anyBody', 'watch'],
        skip: { [LONG]: 'the suite of RedisBackend runs it' },
      },
    )
  }

  test('a session in frequent use costs no round trip, until somebody else changes it', async (t) => {
    const backend = near(opened.client)
    t.after(() => backend.close())
    await backend.create('k', entry('1'))
    await warm(backend, 'k')
    const before = await reads()
    for (let i = 0; i < 1000; i++) assert.equal((backend.read('k') as any).body, '1')
    assert.equal(await reads(), before)
    const changes: Array<[string[], string | undefined]> = [
      [['SET', 'k', '2', 'PX', '50000'], '2'],
      [['PEXPIRE', 'k', '40000'], '2'],
      [['DEL', 'k'], undefined],
      [['SET', 'k', '3', 'PX', '30'], '3'],
    ]
    for (const [command, body] of changes) {
      await server.command(...command)
      await until(`heard of ${command[0]}`, async () => (await backend.read('k'))?.body === body)
      if (body) await warm(backend, 'k')
    }
    await sleep(40)
    assert.equal(await backend.read('k'), undefined, 'an end that passes while it is near')
    await server.command('SET', 'k', '4')
    await warm(backend, 'k')
    await server.command('FLUSHALL')
    await until('heard of FLUSHALL', async () => (await backend.read('k')) === undefined)
  })

  test('what this process has written it never reads as it was before', async (t) => {
    const backend = near(opened.client)
    t.after(() => backend.close())
    await backend.create('k', entry('0'))
    await warm(backend, 'k')
    let acknowledged = 0
    let wrong = 0
    let over = false
    const reader = async () => {
      while (!over) {
        const known = acknowledged
        const found = await backend.read('k')
        if (Number(found?.body) < known) wrong++
        await new Promise(setImmediate)
      }
    }
    const readers = Array.from({ length: 8 }, reader)
    for (let i = 0; i < 500; i++) {
      assert.equal(await backend.replace('k', String(i), entry(String(i + 1))), true)
      acknowledged = i + 1
      const found = await backend.read('k')
      assert.equal(found?.body, String(i + 1))
    }
    over = true
    await Promise.all(readers)
    assert.equal(wrong, 0)
  })

  test('a change that comes in the same packet as the answer is not missed', async (t) => {
    const backend = near(opened.client)
    t.after(() => backend.close())
    await backend.create('k', entry('0'))
    await warm(backend, 'k')
    for (let i = 1; i <= 300; i++) {
      // The server carries these out one after the other, in either order, while the answer is under way.
      const [found] = await Promise.all([
        backend.read('k'),
        server.command('SET', 'k', String(i), 'PX', '60000'),
        backend.read('k'),
      ])
      assert.ok(found)
      await until('the change is seen', async () => (await backend.read('k'))?.body === String(i))
    }
  })

  test('nothing is believed any more when the connection is lost, and it is near again afterwards', async (t) => {
    const backend = near(opened.client)
    t.after(() => backend.close())
    await backend.create('k', entry('1'))
    await warm(backend, 'k')
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await server.command('SET', 'k', '2', 'PX', '60000')
    await until('the new state is read', async () => (await backend.read('k'))?.body === '2')
    await warm(backend, 'k')
    assert.equal((backend.read('k') as any).body, '2')
  })

  test('a connection that is cut without notice is believed for a second and no longer', async (t) => {
    const backend = near(opened.client)
    t.after(() => backend.close())
    await backend.create('k', entry('1'))
    await warm(backend, 'k')
    later(t, 1001)
    assert.equal(isNear(backend, 'k'), false)
  })

  test('nothing is believed for more than a second after the server has stopped, however often it is asked', async (t) => {
    const backend = near(opened.client)
    t.after(() => backend.close())
    await backend.create('k', entry('1'))
    await warm(backend, 'k')
    server.pause()
    try {
      const elsewhere = [backend.read('other')]
      assert.equal(isNear(backend, 'k'), true)
      later(t, 1001)
      elsewhere.push(backend.read('other'), backend.read('another'))
      assert.equal(isNear(backend, 'k'), false)
      server.resume()
      assert.deepEqual(await Promise.all(elsewhere), [undefined, undefined, undefined])
    } finally {
      server.resume()
    }
    await warm(backend, 'k')
  })

  test('while only the tracked connection is silent, reads are answered by the other one', async (t) => {
    const proxy = await stallingProxy(server.port)
    t.after(() => proxy.close())
    const backend = new NearCache(
      new RedisBackend(linkOf(opened.client as any)),
      (onStale) =>
        new TrackedReader(
          (opened.client as any).duplicate({
            ...TRACKING,
            clientSideCache: undefined,
            url: `redis://127.0.0.1:${proxy.port}`,
            socket: {},
          }),
          onStale,
        ),
      1 << 20,
    )
    t.after(() => backend.close())
    await backend.create('k', entry('1'))
    await warm(backend, 'k')
    proxy.stall()
    await server.command('SET', 'k', '2', 'PX', '60000')
    later(t, 1001)
    const startedAt = Date.now()
    for (let i = 0; i < 20; i++) assert.equal((await backend.read('k'))?.body, '2')
    assert.ok(Date.now() - startedAt < 2000, 'one read found out, and the others did not wait')
    proxy.goOn()
    await warm(backend, 'k')
    assert.equal((backend.read('k') as any).body, '2')
  })

  test('it stays within its bounds, and what is used stays longest', async (t) => {
    const backend = near(opened.client, 100 * 1024)
    t.after(() => backend.close())
    await backend.create('used', entry('x'.repeat(1000)))
    await warm(backend, 'used')
    for (let i = 0; i < 200; i++) {
      await backend.create(`k${i}`, entry('x'.repeat(1000)))
      await backend.read(`k${i}`)
      assert.ok(isNear(backend, 'used'), `after ${i}`)
    }
    const kept = Array.from({ length: 200 }, (_, i) => i).filter((i) => isNear(backend, `k${i}`))
    assert.ok(kept.length > 20 && kept.length <= 46, `${kept.length} of about 2,200 bytes each`)
    assert.ok(kept.every((i) => i > 100))
    await backend.create('huge', entry('x'.repeat(200_000)))
    assert.equal((await backend.read('huge'))?.body.length, 200_000, 'larger than the whole cache')
    assert.equal(isNear(backend, 'huge'), false)
  })

  test('the store with a URL has it too, and a client that cannot track is refused', async () => {
    const store = new RedisStore({ url: server.url, nearCache: { maxBytes: 1000 } })
    await store.set('s', { cookie: {}, n: 1 } as any)
    await warm(store.backend, 'sess:s')
    await store.close()
    await assert.rejects(store.get('s'), { code: 'ERR_SESSION_CLOSED' })
    for (const name of ['node-redis 4', 'ioredis 5', 'ioredis 6']) {
      const { client, close } = await CLIENTS[name]!(server)
      assert.throws(
        () => new RedisStore({ client, nearCache: true }),
        /option nearCache: expected a client of redis/,
      )
      await close()
    }
    const { client } = opened
    for (const wrong of ['yes', 5, { maxBytes: 0 }, { maxBytes: '1MB' }, null]) {
      assert.throws(() => new RedisStore({ client, nearCache: wrong as any }), { code: 'ERR_SESSION_OPTION' })
    }
  })
})

/** A tracked connection in the hands of the test. */
class HeldConnection extends EventEmitter {
  isOpen = true
  isReady = true
  readonly asked: Array<(body: string) => void> = []
  async connect() {}
  ref() {}
  unref() {}
  async disconnect() {}
  sendCommand([name]: string[]): Promise<unknown> {
    if (name === 'PTTL') return Promise.resolve(60_000)
    return new Promise((resolve) => this.asked.push(resolve))
  }
}

describe('the near cache, step by step', () => {
  const inTheStore = (body: string) => ({ body, expires: Date.now() + 60_000 })
  function held() {
    const connection = new HeldConnection()
    const writes: Array<(answer: true) => void> = []
    const inner = {
      read: () => assert.fail('the tracked connection is asked'),
      replace: () => new Promise<true>((resolve) => writes.push(resolve)),
    } as unknown as Backend
    const backend = new NearCache(inner, (onStale) => new TrackedReader(connection, onStale), 1 << 20)
    return { backend, connection, writes }
  }
  const isNear = (backend: Backend) => {
    const answer = backend.read('k')
    if (answer instanceof Promise) answer.catch(() => {})
    return !(answer instanceof Promise)
  }

  test('what was read while a write was under way is forgotten when that is done', async () => {
    const { backend, connection, writes } = held()
    const writing = backend.replace('k', 'old', inTheStore('new'))
    const reading = backend.read('k')
    connection.asked[0]!('old')
    assert.equal((await reading)?.body, 'old')
    writes[0]!(true)
    await writing
    assert.equal(isNear(backend), false)
  })

  test('what is still being read when a write is done is not kept', async () => {
    const { backend, connection, writes } = held()
    const reading = backend.read('k')
    const writing = backend.replace('k', 'old', inTheStore('new'))
    writes[0]!(true)
    await writing
    connection.asked[0]!('old')
    await reading
    assert.equal(isNear(backend), false)
  })

  test('word of a change between question and answer keeps the answer out, of another key it does not', async () => {
    for (const [word, near] of [
      [Buffer.from('k'), false],
      [null, false],
      [Buffer.from('other'), true],
    ] as const) {
      const { backend, connection } = held()
      const reading = backend.read('k')
      connection.asked[0]!('old')
      // In the same packet: before whoever waits for the answer gets to run.
      connection.emit('invalidate', word)
      await reading
      assert.equal(isNear(backend), near, String(word))
    }
  })

  test('a loss and a recovery of the connection empty it', async () => {
    for (const event of ['error', 'end', 'reconnecting', 'ready']) {
      const { backend, connection } = held()
      const reading = backend.read('k')
      connection.asked[0]!('old')
      await reading
      assert.equal(isNear(backend), true)
      connection.emit(event, new Error('lost'))
      assert.equal(isNear(backend), false, event)
    }
  })
})

function later(t: TestContext, ms: number): void {
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() + ms)
}

/** Passes bytes on to a local port; while it is stalled it keeps the connections and passes nothing. */
async function stallingProxy(port: number) {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    stall: () => sockets.forEach((socket) => void socket.unpipe().pause()),
    goOn() {
      const [near, far] = [...sockets]
      near!.pipe(far!)
      far!.pipe(near!)
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    // Between a loss and a recovery there is no answer at all.
    if (await holds().catch(() => false)) return
    await sleep(5)
  }
  assert.fail(`not in time: ${what}`)
}
