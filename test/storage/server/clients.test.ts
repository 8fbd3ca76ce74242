import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { RedisStore } from 'connect-redis'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { createClient } from 'redis'
import { createClient as createClient4 } from 'redis4'
import { createClient as createClient5 } from 'redis5'
import { SessionStorage } from '../../../lib/storage/server/server'
import { folderFor } from '../../support/storage-process'

const HOUR_MS = 3_600_000

describe('Redis clients on the session storage', () => {
  const folder = folderFor({ after })
  let storage: SessionStorage
  let url: string
  before(async () => {
    storage = new SessionStorage({ saveFile: join(folder, 's'), port: 0, requirepass: 'pass' })
    await storage.listen()
    url = `redis://:pass@127.0.0.1:${storage.address()?.port}`
  })
  after(() => storage.close())

  for (const [name, open] of [
    ['redis 6', () => createClient({ url })],
    ['redis 6 with RESP 3', () => createClient({ url, RESP: 3 })],
    ['redis 5', () => createClient5({ url }) as never],
    ['redis 4', () => createClient4({ url }) as never],
  ] as Array<[string, () => ReturnType<typeof createClient>]>) {
    it(`${name}: reads, writes, lists, expires`, async (t) => {
      const client = open()
      t.after(() => client.isOpen && (client.destroy ?? client.disconnect).call(client))
      client.on('error', () => undefined)
      await client.connect()
      await client.select(0)
      const key = `${name}:a`
      assert.equal(await client.set(key, 'ä', { EX: 100 }), 'OK')
      assert.equal(await client.set(key, 'no', { NX: true }), null)
      assert.equal(await client.get(key), 'ä')
      assert.ok((await client.pTTL(key)) > 99_000)
      assert.equal(Number(await client.persist(key)), 1)
      assert.deepEqual(await client.mGet([key, 'none']), ['ä', null])
      await Promise.all(Array.from({ length: 50 }, (_, i) => client.set(`${name}:many:${i}`, `${i}`)))
      const found: string[] = []
      for await (const keys of client.scanIterator({ MATCH: `${name}:many:*`, COUNT: 7 })) {
        found.push(...([] as string[]).concat(keys as never))
      }
      assert.equal(new Set(found).size, 50)
      assert.equal(await client.del(found), 50)
      assert.equal(await client.getDel(key), 'ä')
      assert.match(await client.info('server'), /redis_mode:standalone/)
      await assert.rejects(client.sendCommand(['EVAL', 'return 1', '0']), /ERR unknown command 'EVAL'/)
      await client.quit()
    })
  }

  for (const [name, Client] of [
    ['ioredis 6', Redis],
    ['ioredis 5', Redis5 as never],
  ] as Array<[string, typeof Redis]>) {
    it(`${name}: reads, writes, lists, expires, binary too`, async (t) => {
      const client = new Client(url)
      t.after(() => client.disconnect())
      const key = `${name}:a`
      const bytes = Buffer.from([0, 255, 13, 10, 128])
      assert.equal(await client.set(key, bytes, 'PX', HOUR_MS, 'NX'), 'OK')
      assert.deepEqual(await client.getBuffer(key), bytes)
      assert.equal(await client.expire(key, 100), 1)
      assert.equal(await client.ttl(key), 100)
      const results = await client.pipeline().set(`${key}2`, 'v').get(`${key}2`).del(key, `${key}2`).exec()
      assert.deepEqual(results, [
        [null, 'OK'],
        [null, 'v'],
        [null, 2],
      ])
      const stream = client.scanStream({ match: `${name}*` })
      for await (const keys of stream) assert.deepEqual(keys, [])
      client.disconnect()
      await once(client, 'end')
    })
  }

  it('connect-redis 9 keeps sessions here', async (t) => {
    const client = createClient({ url })
    t.after(() => client.isOpen && client.destroy())
    await client.connect()
    const store = new RedisStore({ client, prefix: 'cr:' })
    const session = {
      cookie: { originalMaxAge: HOUR_MS, expires: new Date(Date.now() + HOUR_MS) },
      n: 1,
    } as never
    await store.set('sid', session)
    assert.equal(((await store.get('sid')) as { n?: number }).n, 1)
    await store.touch('sid', session)
    await store.set('other', session)
    assert.equal(await store.length(), 2)
    assert.deepEqual(((await store.ids()) as string[]).sort(), ['other', 'sid'])
    assert.equal((await store.all()).length, 2)
    await store.destroy('sid')
    await store.clear()
    assert.equal(await store.length(), 0)
    await client.quit()
  })

  it('a client that is attached during a restart goes on by itself', async (t) => {
    const saveFile = join(folderFor(t), 's')
    const first = new SessionStorage({ saveFile, port: 0 })
    await first.listen()
    const port = first.address()?.port ?? 0
    const nodeRedis = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 5 } })
    nodeRedis.on('error', () => undefined)
    await nodeRedis.connect()
    const ioredis = new Redis({ port, retryStrategy: () => 5 })
    ioredis.on('error', () => undefined)
    await nodeRedis.set('k', 'v')
    await ioredis.ping()
    await first.close()
    const second = new SessionStorage({ saveFile, port })
    await second.listen()
    assert.equal(await nodeRedis.get('k'), 'v')
    assert.equal(await ioredis.get('k'), 'v')
    nodeRedis.destroy()
    ioredis.disconnect()
    await second.close()
  })
})

function withoutOpenssl(): string | false {
  try {
    execFileSync('openssl', ['version'])
    return false
  } catch {
    return 'openssl is not installed'
  }
}

describe('over TLS', { skip: withoutOpenssl() }, () => {
  it('a client that trusts the certificate is served, plain TCP is not', async (t) => {
    const folder = folderFor(t)
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    })
    const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)]
    const storage = new SessionStorage({ saveFile: join(folder, 's'), port: 0, tls: { key, cert } })
    await storage.listen()
    t.after(() => storage.close())
    const port = storage.address()?.port ?? 0
    const client = createClient({ socket: { host: '127.0.0.1', port, tls: true, ca: [cert] } })
    await client.connect()
    await client.set('k', 'v'.repeat(100_000))
    assert.equal((await client.get('k'))?.length, 100_000)
    await client.quit()
    const plain = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } })
    plain.on('error', () => undefined)
    await assert.rejects(plain.connect())
  })
})
