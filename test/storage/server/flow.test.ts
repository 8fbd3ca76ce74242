import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import type { Entry } from '../../../lib/backend/contract'
import { LaterBackend, MapBackend } from '../../support/map-backend'
import { request } from '../../support/raw-resp'
import { type Served, serve } from '../../support/resp-server'

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`

describe('requests that come without waiting', () => {
  let served: Served
  afterEach(() => served.stop())

  it('are answered in their order, though their work ends in another', async () => {
    const slow = new (class extends LaterBackend {
      override async create(key: string, entry: Entry) {
        if (key === 'slow') await new Promise((resolve) => setTimeout(resolve, 20))
        return super.create(key, entry)
      }
    })()
    served = await serve(slow)
    const client = served.client()
    client.write(
      Buffer.concat([
        request('SET', 'slow', '1'),
        request('SET', 'quick', '2'),
        request('GET', 'slow'),
        request('HELLO', '3'),
        request('GET', 'none'),
        request('DEL', 'quick', 'slow'),
        request('DBSIZE'),
        request('SET', 'slow', '3', 'GET'),
        request('PING'),
      ]),
    )
    const replies = await client.replies(9)
    assert.match(replies.splice(3, 1)[0] ?? '', /^%7/)
    assert.deepEqual(replies, [
      '+OK\r\n',
      '+OK\r\n',
      bulk('1'),
      '_\r\n',
      ':2\r\n',
      ':0\r\n',
      '_\r\n',
      '+PONG\r\n',
    ])
  })

  it('1,000 on each of 100 connections are all answered', { timeout: 60_000 }, async () => {
    served = await serve(new LaterBackend())
    const bytes = Buffer.concat(
      Array.from({ length: 500 }, (_, i) => [
        request('SET', `k${i}`, `${i}`),
        request('GET', `k${i}`),
      ]).flat(),
    )
    const wanted = Array.from({ length: 500 }, (_, i) => `+OK\r\n${bulk(`${i}`)}`).join('')
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = connect({ port: served.port, host: '127.0.0.1' })
        socket.end(bytes)
        let received = ''
        for await (const chunk of socket) received += chunk
        assert.ok(received === wanted)
      }),
    )
  })

  it('of many clients on one key are one after the other', async () => {
    served = await serve(new LaterBackend())
    await served.client().send('SET', 'k', 'start')
    const winners = await Promise.all(
      Array.from({ length: 20 }, (_, i) => served.client().send('SET', 'k', `${i}`, 'IFEQ', 'start')),
    )
    assert.equal(winners.filter((reply) => reply === '+OK\r\n').length, 1)
    const taken = await Promise.all(Array.from({ length: 20 }, () => served.client().send('GETDEL', 'k')))
    assert.equal(taken.filter((reply) => reply !== '$-1\r\n').length, 1)
    const made = await Promise.all(
      Array.from({ length: 20 }, () => served.client().send('SET', 'k', 'x', 'NX')),
    )
    assert.equal(made.filter((reply) => reply === '+OK\r\n').length, 1)
  })

  it('on one key cost a few writes, and each is answered as if it had been alone', async () => {
    const counted = new (class extends LaterBackend {
      writes = 0
      override async create(key: string, entry: Entry) {
        this.writes++
        return super.create(key, entry)
      }
      override async replace(key: string, seen: string, entry: Entry) {
        this.writes++
        return super.replace(key, seen, entry)
      }
    })()
    served = await serve(counted, { limits: { maxPending: 1000 } })
    const client = served.client()
    const requests: Buffer[] = []
    const wanted: string[] = []
    for (let i = 0; i < 100; i++) {
      requests.push(request('SET', 'hot', `${i}`, 'EX', '100'), request('GET', 'hot'))
      wanted.push('+OK\r\n', bulk(`${i}`))
      requests.push(request('SET', 'hot', 'x', 'NX'), request('SET', 'hot', `${i}+`, 'IFEQ', `${i}`, 'GET'))
      wanted.push('$-1\r\n', bulk(`${i}`))
      requests.push(request('PTTL', 'hot'), request('PEXPIREAT', 'hot', '1'), request('GETDEL', 'hot'))
      wanted.push(':-1\r\n', ':1\r\n', '$-1\r\n')
    }
    client.write(Buffer.concat(requests))
    assert.deepEqual(await client.replies(700), wanted)
    assert.ok(counted.writes <= 3, `${counted.writes}`)
    assert.equal(counted.inner.entries.size, 0)
  })

  it('on one key are batched only up to a command on several keys', async () => {
    served = await serve(new LaterBackend())
    const client = served.client()
    client.write(
      Buffer.concat(
        [
          ['SET', 'a', '1'],
          ['SET', 'a', '2'],
          ['MGET', 'a', 'b'],
          ['SET', 'a', '3'],
          ['DEL', 'a', 'b'],
          ['SET', 'a', '4', 'XX'],
          ['SET', 'a', '5'],
          ['PERSIST', 'a'],
          ['EXPIRE', 'a', '100'],
          ['FLUSHDB'],
          ['GET', 'a'],
        ].map((words) => request(...words)),
      ),
    )
    assert.deepEqual(await client.replies(11), [
      '+OK\r\n',
      '+OK\r\n',
      `*2\r\n${bulk('2')}$-1\r\n`,
      '+OK\r\n',
      ':1\r\n',
      '$-1\r\n',
      '+OK\r\n',
      ':0\r\n',
      ':1\r\n',
      '+OK\r\n',
      '$-1\r\n',
    ])
  })

  it('all wait for FLUSHDB, and FLUSHDB for all before it', async () => {
    served = await serve(new LaterBackend())
    const [a, b] = [served.client(), served.client()]
    const before = Array.from({ length: 50 }, (_, i) => request('SET', `k${i}`, 'old'))
    a.write(Buffer.concat([...before, request('FLUSHDB'), request('SET', 'k1', 'new'), request('DBSIZE')]))
    const replies = await a.replies(53)
    assert.equal(replies.at(-1), ':1\r\n')
    assert.equal(await b.send('GET', 'k1'), bulk('new'))
  })
})

describe('a client that does not read', () => {
  let served: Served
  afterEach(() => served.stop())

  for (const [name, backend] of [
    ['at once', new MapBackend()],
    ['later', new LaterBackend()],
  ] as const) {
    it(`stops being served at a bound, and goes on when it reads (a backend that answers ${name})`, async () => {
      served = await serve(backend, { limits: { maxHeldBytes: 100_000, maxPending: 10 } })
      const value = 'v'.repeat(50_000)
      const client = served.client()
      await client.send('SET', 'k', value)
      client.socket.pause()
      const asked = 2000
      client.write(Buffer.concat(Array.from({ length: asked }, () => request('GET', 'k'))))
      const [serverSide] = served.server.connections.keys()
      assert.ok(serverSide)
      // Until nothing more goes into the buffers of the operating system.
      for (let last = -1; last !== serverSide.bytesWritten || !serverSide.isPaused(); ) {
        last = serverSide.bytesWritten
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      assert.ok(serverSide.bytesWritten < 50_000 * asked * 0.5, 'most of the answers were not begun')
      assert.ok(serverSide.writableLength < 100_000 + 11 * 51_000, `${serverSide.writableLength} bytes held`)
      client.socket.resume()
      let answers = 0
      while (answers < asked) {
        assert.equal((await client.reply()).length, 50_010)
        answers++
      }
    })
  }

  it('and never does is let go', async () => {
    served = await serve(new MapBackend(), { limits: { maxHeldBytes: 10_000, stallTimeout: 40 } })
    const client = served.client()
    await client.send('SET', 'k', 'v'.repeat(500_000))
    client.socket.pause()
    client.write(Buffer.concat(Array.from({ length: 100 }, () => request('GET', 'k'))))
    const [serverSide] = served.server.connections.keys()
    assert.ok(serverSide)
    if (!serverSide.destroyed) await once(serverSide, 'close')
  })

  it('nor send the rest of a request: all such clients together hold a bounded amount, and others are served', async () => {
    const bound = 20_000_000
    const size = 4_000_000
    served = await serve(new MapBackend(), {
      limits: { maxHeldBytesOfAll: bound, maxRequestBytes: 2 * size },
    })
    const witness = served.client()
    await witness.send('SET', 'k', 'v'.repeat(size))
    const { connections } = served.server
    const held = () => {
      let bytes = 0
      for (const connection of connections.values()) bytes += connection.heldBytes
      return bytes
    }
    let most = 0
    for (let i = 0; i < 16; i++) {
      const client = served.client()
      if (i % 2 === 0) {
        client.socket.pause()
        client.write(request('GET', 'k'))
      } else {
        client.write(request('SET', 'half', 'v'.repeat(size)).subarray(0, size - 1000))
      }
      assert.equal(await witness.send('PING'), '+PONG\r\n')
      await new Promise((resolve) => setTimeout(resolve, 10))
      most = Math.max(most, held())
    }
    assert.ok(most > bound / 4 && most <= bound + size, `${most}`)
    assert.equal(await witness.send('TTL', 'k'), ':-1\r\n')
    assert.ok(connections.size < 17 - 2, `${connections.size} are left`)
    assert.deepEqual(served.failures, [])
  })

  it('cannot ask for more in one reply than the server may hold', async () => {
    served = await serve(new MapBackend(), { limits: { maxRequestBytes: 100_000 } })
    const client = served.client()
    await client.send('SET', 'k', 'v'.repeat(50_000))
    const reply = await client.send('MGET', ...Array.from({ length: 17 }, () => 'k'))
    assert.equal(reply, '-ERR reply too large, ask for fewer keys\r\n')
  })
})

describe('the server', () => {
  let served: Served
  afterEach(() => served.stop())

  it('refuses clients beyond the most it takes, and takes others when one has gone', async () => {
    served = await serve(undefined, { maxConnections: 2 })
    const [a, b] = [served.client(), served.client()]
    await Promise.all([a.send('PING'), b.send('PING')])
    assert.equal(await served.client().rest(), '-ERR max number of clients reached\r\n')
    a.close()
    for (;;) {
      const next = served.client()
      if ((await next.send('PING').catch(() => '')) === '+PONG\r\n') break
    }
    assert.match(await b.send('INFO', 'stats'), /rejected_connections:[1-9]/)
  })

  it('answers what has begun before it closes', async () => {
    let begun = false
    const slow = new (class extends LaterBackend {
      override async create(key: string, entry: Entry) {
        begun = true
        await new Promise((resolve) => setTimeout(resolve, 30))
        return super.create(key, entry)
      }
    })()
    served = await serve(slow)
    const [busy, idle] = [served.client(), served.client()]
    await idle.send('PING')
    busy.write(request('SET', 'k', 'v'))
    while (!begun) await new Promise(setImmediate)
    await served.server.close()
    assert.equal(await busy.rest(), '+OK\r\n')
    assert.equal(await idle.rest(), '')
    assert.equal(slow.inner.read('k')?.body, 'v')
    await assert.rejects(served.server.listen(0, '127.0.0.1'), { code: 'ERR_SESSION_USAGE' })
  })

  it('says that the storage failed without saying of what, tells its owner, and goes on', async () => {
    const broken = new MapBackend()
    broken.create = () => {
      throw new Error('disk full while writing k-secret')
    }
    served = await serve(broken)
    const client = served.client()
    assert.equal(await client.send('SET', 'k-secret', 'v'), '-ERR the storage failed, see its log\r\n')
    assert.equal(await client.send('GET', 'k-secret'), '$-1\r\n')
    assert.equal(served.failures.length, 1)
  })
})

describe('SCAN', () => {
  let served: Served
  afterEach(() => served.stop())

  it('gives every key exactly once, whatever is written meanwhile, and a lost page again', async () => {
    served = await serve()
    const client = served.client()
    for (let i = 0; i < 95; i++) await client.send('SET', `k${i}`, 'v')
    const seen: string[] = []
    let cursor = '0'
    do {
      const reply = await client.send('SCAN', cursor, 'COUNT', '10')
      if (cursor !== '0') assert.equal(await served.client().send('SCAN', cursor, 'COUNT', '10'), reply)
      const [next = '', ...keys] = reply.split('\r\n').filter((line) => /^[a-z0-9]/.test(line))
      cursor = next
      seen.push(...keys)
      await client.send('SET', `new${cursor}`, 'v')
    } while (cursor !== '0')
    const old = seen.filter((key) => key.startsWith('k'))
    assert.equal(old.length, 95)
    assert.equal(new Set(seen).size, seen.length)
  })

  it('says so when its cursor is of another day', async () => {
    served = await serve()
    assert.equal(await served.client().send('SCAN', '17'), '-ERR invalid cursor\r\n')
  })

  it('with a pattern that costs all it may keeps nobody waiting, and refuses a longer pattern', async () => {
    served = await serve()
    const [scanning, other] = [served.client(), served.client()]
    await scanning.send('SET', 'a'.repeat(1_000_000), 'v')
    await other.send('PING')
    const order: string[] = []
    const scan = scanning.send('SCAN', '0', 'MATCH', `*${'?'.repeat(1022)}b`).then(() => order.push('SCAN'))
    for (let i = 0; i < 3; i++) order.push(await other.send('PING'))
    await scan
    assert.deepEqual(order, ['+PONG\r\n', '+PONG\r\n', '+PONG\r\n', 'SCAN'])
    assert.equal(await other.send('SCAN', '0', 'MATCH', 'x'.repeat(1025)), '-ERR pattern too long\r\n')
  })

  it('gives no page of more than about a megabyte of keys', async () => {
    served = await serve()
    const client = served.client()
    for (let i = 0; i < 9; i++) await client.send('SET', `${i}${'k'.repeat(400_000)}`, 'v')
    const reply = await client.send('SCAN', '0', 'COUNT', '1000')
    assert.ok(reply.length > 1_000_000 && reply.length < 1_500_000, `${reply.length}`)
  })

  it('keeps a bounded number of listings open', async () => {
    served = await serve()
    const client = served.client()
    for (let i = 0; i < 3; i++) await client.send('SET', `k${i}`, 'v')
    for (let i = 0; i < 600; i++) await client.send('SCAN', '0', 'COUNT', '1')
    assert.ok(served.keyspace.cursors.size <= 512)
  })
})

describe('a command that looks at all keys', () => {
  it('does not keep the others waiting to its end', async () => {
    const backend = new MapBackend()
    for (let i = 0; i < 20_000; i++)
      backend.entries.set(`k${i}`, { body: 'v', expires: Number.POSITIVE_INFINITY })
    const served = await serve(backend)
    const [counting, other] = [served.client(), served.client()]
    await Promise.all([counting.send('PING'), other.send('PING')])
    const order: string[] = []
    const counted = counting.send('DBSIZE').then((reply) => order.push(reply))
    const asked = other.send('GET', 'k1').then((reply) => order.push(reply))
    await Promise.all([counted, asked])
    assert.deepEqual(order, ['$1\r\nv\r\n', ':20000\r\n'])
    await served.stop()
  })
})
