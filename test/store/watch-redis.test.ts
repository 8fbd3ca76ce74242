import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { RedisStore } from '../../lib/store/redis'
import { type RedisServer, startRedis, withoutRedis } from '../support/servers'
import { cookie, owner, Told, testWatching } from '../support/watching'

const missing = withoutRedis()
let server: RedisServer
if (!missing) {
  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
}

function linkOfStore({ backend }: RedisStore) {
  return (backend as unknown as { link: { send(key: string, words: string[]): Promise<unknown> } }).link
}

let count = 0
const open = (options: object) => {
  // A prefix of its own instead of a server for each test.
  const prefix = `w${count++}:`
  const both = [1, 2].map(() => new RedisStore({ ...options, prefix, url: server.url })) as [
    RedisStore,
    RedisStore,
  ]
  const [watching, writing] = both
  return { watching, writing, close: () => Promise.all(both.map((store) => store.close())) }
}

testWatching('Redis', open, missing)
testWatching('Redis, through a near cache', (options) => open({ ...options, nearCache: true }), missing)

test('Redis: a key of another type under the prefix stops nobody', { skip: missing }, async (t) => {
  const { watching, writing, close } = open({})
  t.after(close)
  const told = await Told.of(watching, { all: true })
  await linkOfStore(writing).send('', ['SADD', `${writing.keys.prefix}list`, 'x'])
  await writing.set('a', { cookie: cookie() } as never)
  assert.deepEqual(await told.words(1), ['created'])
})

test('Redis: what happened while the server was away, or the connection was cut, is told', {
  skip: missing,
}, async (t) => {
  const { watching, writing, close } = open({ owner })
  t.after(close)
  for (const id of ['stays', 'goes']) await writing.set(id, { cookie: cookie() } as never)
  const told = await Told.of(watching, { all: true })
  // It kills every connection but the one that asks, and the end comes before any of them is back.
  const clients = await writing.backend.read('nothing')
  assert.equal(clients, undefined)
  const link = linkOfStore(writing)
  await Promise.all([
    link.send('', ['CLIENT', 'KILL', 'TYPE', 'pubsub']),
    link.send('', ['DEL', `${writing.keys.prefix}goes`]),
  ])
  assert.deepEqual(await told.words(1), ['ended destroyed'])
  await server.kill()
  await server.start()
  const restarted = ['ended destroyed', 'ended destroyed']
  assert.deepEqual(await told.words(2, 8000), restarted, 'without persistence nothing is left')
})
