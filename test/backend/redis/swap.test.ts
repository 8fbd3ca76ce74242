/** Compare-and-swap: which way is taken, and what happens when a server lies or a connection ends in the middle. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedisBackend } from '../../../lib/backend/redis/backend'
import { linkOf } from '../../../lib/backend/redis/client'
import { testBackend } from '../../../lib/conformance/backend/cases'
import { FakeRedis, type Ifeq } from '../../support/fake-redis'
import { CLIENTS, type OpenClient } from '../../support/redis-clients'
import { serve } from '../../support/resp-server'
import { type RedisServer, startRedis, withoutRedis } from '../../support/servers'

const entry = (body: string) => ({ body, expires: Date.now() + 60_000 })

testBackend(
  'RedisBackend on a server that has IFEQ and no scripts (our own session storage)',
  async () => {
    const storage = await serve(undefined, { limits: { maxRequestBytes: 8 << 20 } })
    const { client, close } = await CLIENTS['node-redis 6']!({ url: `redis://127.0.0.1:${storage.port}` })
    return {
      backend: new RedisBackend(linkOf(client)),
      reopen: () => new RedisBackend(linkOf(client)),
      precisionMs: 2000,
      clock: { now: Date.now, advance: (ms) => sleep(ms + 20) },
      clientWorks: async () => linkOf(client).ifeq === true || linkOf(client).ifeq === undefined,
      async close() {
        await close()
        await storage.stop()
      },
    }
  },
  { capabilities: ['scan', 'close', 'shared', 'durable', 'givenClient', 'anyBody', 'watch'] },
)

describe('swapping on a server that may lie', () => {
  let fake: FakeRedis
  let opened: OpenClient
  let backend: RedisBackend
  const connect = async (name = 'node-redis 6') => {
    opened = await CLIENTS[name]!(fake)
    backend = new RedisBackend(linkOf(opened.client))
    fake.commands.length = 0
  }
  beforeEach(async () => {
    fake = await FakeRedis.start()
  })
  afterEach(async () => {
    await opened.close()
    await fake.stop()
  })
  const isReplace = ([name]: readonly string[]) => name === 'EVALSHA'
  const isSwap = (args: readonly string[]) => args[1] === 'k' && args[3] === 'IFEQ'

  test('a server that obeys IFEQ is asked once how it does, and no scripts are sent', async () => {
    await connect()
    await backend.create('k', entry('a'))
    for (const [seen, next] of ['ab', 'bc', 'cd'].map((pair) => pair.split('')))
      assert.equal(await backend.replace('k', seen!, entry(next!)), true)
    assert.equal(((await backend.replace('k', 'a', entry('z'))) as any).body, 'd')
    assert.equal(await backend.replace('gone', 'a', entry('z')), undefined)
    assert.equal(fake.commands.filter(isReplace).length, 0)
    assert.equal(fake.commands.filter(isSwap).length, 4, 'one command a replace')
    assert.equal([...fake.data.keys()].join(), 'k', 'nothing is left of the question')
  })

  const lies: Ifeq[] = [
    'unknown',
    'ignored',
    'creates what is absent',
    'never writes',
    'answers OK',
    'answers the new value',
    'forgets the deadline',
  ]
  for (const lie of lies) {
    test(`where IFEQ is half there (${lie}), the script swaps`, async () => {
      fake.ifeq = lie
      await connect()
      await backend.create('k', entry('a'))
      assert.equal(await backend.replace('k', 'a', entry('b')), true)
      assert.equal(((await backend.replace('k', 'a', entry('z'))) as any).body, 'b')
      assert.equal(await backend.replace('gone', 'a', entry('z')), undefined)
      assert.deepEqual([...fake.data].map(([key, { value }]) => [key, value]).at(0), ['k', 'b'])
      assert.equal(fake.data.has('gone'), false)
      assert.ok((await backend.read('k'))!.expires < Infinity)
      assert.equal(fake.commands.filter(isSwap).length, 0)
      assert.equal(fake.commands.filter(isReplace).length, 3)
    })
  }

  test('what could not be asked is asked again', async () => {
    await connect()
    await backend.create('k', entry('a'))
    fake.cut = (args) => (args[1]?.startsWith('sojourn:ifeq:') ? 'before' : undefined)
    await assert.rejects(backend.replace('k', 'a', entry('b')), { code: 'ERR_SESSION_STORE' })
    fake.cut = () => undefined
    await until(async () => (await backend.read('k')) !== undefined)
    assert.equal(await backend.replace('k', 'a', entry('b')), true)
    assert.equal(fake.commands.filter(isSwap).length, 1)
  })

  test('a node that is older than the one that was asked gets the script', async () => {
    await connect()
    await backend.create('k', entry('a'))
    assert.equal(await backend.replace('k', 'a', entry('b')), true)
    fake.ifeq = 'unknown'
    assert.equal(await backend.replace('k', 'b', entry('c')), true)
    assert.equal((await backend.read('k'))?.body, 'c')
    assert.equal(fake.commands.filter(isReplace).length, 1)
  })

  test('a record that reads like what was seen, and is not, is never said to be written', async () => {
    await connect()
    await backend.create('k', entry('a'))
    assert.equal(await backend.replace('k', 'a', entry('b')), true)
    // Half a surrogate pair goes over the wire as U+FFFD, as any bytes do that are no text.
    fake.data.set('k', { value: '\ud800', expires: Infinity })
    assert.equal((await backend.read('k'))?.body, '\ufffd')
    await assert.rejects(backend.replace('k', '\ufffd', entry('c')), /not valid UTF-8/)
    fake.data.set('k', { value: '\ufffd', expires: Infinity })
    assert.equal(await backend.replace('k', '\ufffd', entry('c')), true)
    assert.equal(fake.commands.filter(isReplace).length, 0)
  })

  for (const name of Object.keys(CLIENTS)) {
    for (const ifeq of ['obeyed', 'unknown'] as const) {
      test(`cut between writing and answering, ${name} never takes its own write for another's (IFEQ ${ifeq})`, async () => {
        fake.ifeq = ifeq
        await connect(name)
        await backend.create('k', entry('1'))
        assert.equal(await backend.replace('k', '1', entry('2')), true)
        let cuts = 1
        fake.cut = (args) => ((isReplace(args) || isSwap(args)) && cuts-- > 0 ? 'after' : undefined)
        // An Entry as the answer would make a counter count twice.
        await assert.rejects(backend.replace('k', '2', entry('3')), { code: 'ERR_SESSION_STORE' })
        await until(async () => (await backend.read('k'))?.body === '3')
        assert.equal(await backend.replace('k', '3', entry('4')), true)
      })
    }
  }
})

describe('swapping on a real server', { skip: withoutRedis() }, () => {
  let server: RedisServer
  let opened: OpenClient
  let backend: RedisBackend
  before(async () => {
    server = await startRedis()
    opened = await CLIENTS['node-redis 6']!(server)
    backend = new RedisBackend(linkOf(opened.client))
  })
  after(async () => {
    await opened.close()
    await server.stop()
  })

  test('a script that the server forgot is sent again', async () => {
    await backend.create('k', entry('[]'))
    assert.equal(await backend.replace('k', '[]', entry('[[]]')), true)
    await server.command('SCRIPT', 'FLUSH')
    assert.equal(await backend.replace('k', '[[]]', entry('[]')), true)
  })

  test('a record that is no text is never said to be written', async () => {
    // Two different values that read the same.
    await server.command('SET', 'bytes', 'x')
    await server.command('EVAL', "return redis.call('SET', 'bytes', '\\255')", '0')
    const seen = (await backend.read('bytes'))!.body
    await assert.rejects(backend.replace('bytes', seen, entry('{}')), /not valid UTF-8/)
    assert.equal((await backend.read('bytes'))?.body, seen)
    const honest = '{"a":"\uFFFD"}'
    await backend.create('honest', entry(honest))
    assert.equal(await backend.replace('honest', honest, entry('{}')), true)
  })
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds().catch(() => false)) return
    await sleep(10)
  }
  assert.fail('not within two seconds')
}
