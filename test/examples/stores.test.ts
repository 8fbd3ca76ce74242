/** The examples on stores that several processes share. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { serve } from '../support/app'
import { Client } from '../support/client'
import {
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  withoutPostgres,
  withoutRedis,
} from '../support/servers'
import { folderFor, run } from './run'

test('two-processes: both processes count one visitor, exactly, and a restart forgets nothing', async (t) => {
  const env = { SESSIONS_PATH: join(folderFor(t), 'sessions') }
  const first = await run(t, 'two-processes', env, 2)
  const visitor = new Client(first.origin)
  const get = async (client: Client) =>
    JSON.parse((await client.get('/', { headers: { connection: 'close' } })).body)
  await get(visitor)
  const answers = await Promise.all(Array.from({ length: 20 }, () => get(visitor)))
  assert.deepEqual(
    answers.map(({ views }) => views).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i + 2),
  )
  assert.equal(new Set(answers.map((answer) => answer.process)).size, 2)
  visitor.stop()
  await first.stop()

  const second = await run(t, 'two-processes', env, 2)
  const again = new Client(second.origin)
  again.jar.copyFrom(visitor.jar)
  assert.equal((await get(again)).views, 22)
  again.stop()
  await second.stop()
})

describe('redis', { skip: withoutRedis() }, () => {
  let server: RedisServer
  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())

  test('redis: the count outlives the application', async (t) => {
    const client = createClient({ url: server.url })
    await client.connect()
    t.after(() => client.destroy())
    await countsOverTwoLives(t, () => require('../../examples/redis')(client))
    assert.equal((await client.keys('sess:*')).length, 1)
  })
})

describe('postgres', { skip: withoutPostgres() }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.stop())

  test('postgres: the count outlives the application', async (t) => {
    const pool = new Pool({ connectionString: server.url })
    t.after(() => pool.end())
    await countsOverTwoLives(t, () => require('../../examples/postgres')(pool))
    assert.equal((await pool.query('select * from session')).rows.length, 1)
  })
})

async function countsOverTwoLives(t: Parameters<typeof serve>[0], make: () => Parameters<typeof serve>[1]) {
  const visitor = (await serve(t, make())).client()
  assert.deepEqual(JSON.parse((await visitor.get('/')).body), { views: 1 })
  const again = (await serve(t, make())).client()
  again.jar.copyFrom(visitor.jar)
  assert.deepEqual(JSON.parse((await again.get('/')).body), { views: 2 })
}
