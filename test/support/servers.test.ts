import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import {
  type PostgresServer,
  type RedisCluster,
  type RedisServer,
  startPostgres,
  startRedis,
  startRedisCluster,
  withoutPostgres,
  withoutRedis,
} from './servers'
import { isRunning } from './servers/child-server'

describe('a Redis of our own', { skip: withoutRedis() }, () => {
  let redis: RedisServer
  before(async () => {
    redis = await startRedis({ appendonly: true, requirepass: 'p:/ @' })
  })
  after(() => redis.stop())

  test('keeps what was acknowledged across kill -9', async () => {
    await redis.command('SET', 'a', 'ü')
    await redis.kill()
    await assert.rejects(redis.command('GET', 'a'), /ECONNREFUSED/)
    await redis.restart()
    assert.equal(await redis.command('GET', 'a'), 'ü')
  })

  test('answers nothing while paused and goes on afterwards', async () => {
    redis.pause()
    const answer = redis.command('GET', 'a')
    assert.equal(await Promise.race([answer, sleep(40, 'silence')]), 'silence')
    redis.resume()
    assert.equal(await answer, 'ü')
  })
})

describe('a Redis cluster of our own', { skip: withoutRedis() }, () => {
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster()
  })
  after(() => cluster.stop())

  test('has six nodes and sends each key to its master', async () => {
    assert.equal(cluster.nodes.length, 6)
    const master = await cluster.masterOf('some key')
    assert.equal(await master.command('SET', 'some key', '1'), 'OK')
    const other = cluster.nodes.find((node) => node !== master)
    await assert.rejects(async () => other?.command('SET', 'some key', '1'), /^Error: MOVED/)
  })
})

describe('a PostgreSQL of our own', { skip: withoutPostgres() }, () => {
  let postgres: PostgresServer
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres.stop())

  async function query(text: string, where: object): Promise<unknown[]> {
    const client = new Client(where)
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  test('takes clients on its port and on its socket, and keeps what was committed across kill -9', async () => {
    await query('create table t (n int); insert into t values (1)', { connectionString: postgres.url })
    await postgres.kill()
    await postgres.restart()
    const { socket: host, port, user, database } = postgres
    assert.deepEqual(await query('select n from t', { host, port, user, database }), [{ n: 1 }])
  })

  test('answers nothing on an open connection while paused', async () => {
    const client = new Client({ connectionString: postgres.url })
    await client.connect()
    postgres.pause()
    const answer = client.query('select 1 as one').then((result) => result.rows)
    assert.equal(await Promise.race([answer, sleep(40, 'silence')]), 'silence')
    postgres.resume()
    assert.deepEqual(await answer, [{ one: 1 }])
    await client.end()
  })
})

describe('servers that nobody stopped', { skip: withoutRedis() }, () => {
  test('end, and their folders go, when the test process is killed', async () => {
    const script = `
      const { startRedis } = require('./test/support/servers')
      startRedis().then((redis) => {
        console.log(JSON.stringify([redis.pid, redis.folder]))
        setInterval(() => {}, 1000)
      })`
    const owner = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(owner.stdout, 'data')
    const [pid, folder] = JSON.parse(String(line))
    owner.kill('SIGKILL')
    for (let i = 0; i < 200 && existsSync(folder); i++) await sleep(20)
    assert.equal(existsSync(folder), false)
    assert.equal(isRunning(pid), false)
  })
})

test('a missing server program is a reason to skip, and a failure in CI', () => {
  const { PATH, CI } = process.env
  process.env['PATH'] = '/nonexistent'
  delete process.env['CI']
  try {
    assert.match(String(withoutRedis()), /redis-server not found/)
    process.env['CI'] = 'true'
    assert.throws(withoutRedis, /no suite may be skipped in CI/)
  } finally {
    process.env['PATH'] = PATH
    if (CI === undefined) delete process.env['CI']
    else process.env['CI'] = CI
  }
})
