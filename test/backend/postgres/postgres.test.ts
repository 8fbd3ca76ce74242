import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type pg from 'pg'
import { PostgresBackend } from '../../../lib/backend/postgres/backend'
import { PostgresStore } from '../../../lib/store/postgres'
import { type PostgresServer, startPostgres, withoutPostgres } from '../../support/servers'
import { backendOn, freshName, HOUR_MS, handClock, inAnHour, poolOf, until } from './support'

describe('sessions in PostgreSQL', { skip: withoutPostgres() }, () => {
  let server: PostgresServer
  let pool: pg.Pool

  before(async () => {
    server = await startPostgres()
    pool = poolOf(server)
  })
  after(async () => {
    await pool?.end()
    await server?.stop()
  })

  test('any body comes back code unit by code unit, and is what replace compares with', async () => {
    const backend = backendOn(pool)
    const bodies = [
      '{"cookie":{},"a":1}',
      '{ "a" : 1, "a" : 2 }\n',
      '{"nul":"\\u0000","half":"\\ud800"}',
      '"sealed"',
      '["sealed"]',
      '[ "x" ]',
      '["\\u00fc"]',
      '["ü"]',
      '{not json',
      '"not json',
      '{"raw nul":"\0"}',
      '{"half":"\ud800"}',
      '\udc00',
      '',
      '\0',
      'null',
      ' {"a":1}',
      '\u{1f600}',
      `{"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    ]
    for (const [i, body] of bodies.entries()) {
      assert.equal(await backend.create(`k${i}`, inAnHour(body)), true)
      assert.equal((await backend.read(`k${i}`))?.body, body)
      for (const j of [i, (i + 1) % bodies.length, (i + 7) % bodies.length]) {
        const next = bodies[j] ?? ''
        const key = `${i}-${j}`
        await backend.create(key, inAnHour(body))
        assert.equal(await backend.replace(key, body, inAnHour(next)), true, `${i} by ${j}`)
        assert.equal((await backend.read(key))?.body, next, `${i} by ${j}`)
        const answer = await backend.replace(key, `${next} `, inAnHour('{}'))
        assert.equal(typeof answer === 'object' && answer.body, next, `${i} by ${j}, seen another`)
      }
    }
  })

  test('deadlines are exact: never, long past, far ahead, parts of a millisecond', async () => {
    const { clock } = handClock(1_700_000_000_000)
    const backend = backendOn(pool, { clock })
    const times = [
      1_700_000_000_001,
      1_700_000_000_000.25,
      1_700_000_000_123.456,
      253_402_300_799_999,
      253_402_300_800_000,
      8.64e15,
      Number.POSITIVE_INFINITY,
    ]
    for (const [i, expires] of times.entries()) {
      await backend.create(`k${i}`, { body: '{}', expires })
      assert.equal((await backend.read(`k${i}`))?.expires, expires)
    }
    assert.equal(await backend.create('huge', { body: '{}', expires: 1e300 }), true)
    assert.equal((await backend.read('huge'))?.expires, Number.POSITIVE_INFINITY)
    for (const [i, expires] of [1_700_000_000_000, 0, -1, -1e300, Number.NEGATIVE_INFINITY].entries()) {
      assert.equal(await backend.create(`past${i}`, { body: '{}', expires }), true)
      assert.equal(await backend.read(`past${i}`), undefined)
    }
    await assert.rejects(backend.create('nan', { body: '{}', expires: Number.NaN }))
  })

  test('a key that PostgreSQL cannot hold is absent, and refused where it would be written', async () => {
    const backend = backendOn(pool, { owners: true })
    await backend.create('a\ufffd', inAnHour('{}'))
    for (const key of ['a\0', 'a\ud800']) {
      const others = await Promise.all([backend.read(key), backend.read('a\ufffd')])
      assert.equal(others[0], undefined)
      assert.equal(others[1]?.body, '{}', 'another read of the same turn is not harmed')
      assert.equal(await backend.replace(key, '{}', inAnHour('{}')), undefined)
      assert.equal(await backend.remove(key), false)
      assert.equal(await backend.extend(key, Date.now()), false)
      await assert.rejects(backend.create(key, inAnHour('{}')), { code: 'ERR_SESSION_STORE' })
      await assert.rejects(backend.create('k', { ...inAnHour('{}'), owner: key }), {
        code: 'ERR_SESSION_STORE',
      })
      assert.deepEqual(await backend.ownedBy?.(key), [])
    }
  })

  test('reads of one turn share a round trip, and each gets its own answer', async () => {
    const asked: string[] = []
    const counting = {
      query: (query: { text: string; values?: unknown[] }) => {
        asked.push(query.text)
        return pool.query(query)
      },
      totalCount: 1,
    }
    const backend = backendOn(pool, { pool: counting as never })
    const keys = Array.from({ length: 100 }, (_, i) => `k"{\\${i},`)
    await Promise.all(keys.map((key) => backend.create(key, inAnHour(JSON.stringify({ key })))))
    asked.length = 0
    const entries = await Promise.all([...keys, 'absent', ...keys].map((key) => backend.read(key)))
    assert.equal(asked.length, 1)
    assert.deepEqual(
      entries.map((entry) => entry?.body),
      [...keys, 'absent', ...keys].map((key) => (key === 'absent' ? undefined : JSON.stringify({ key }))),
    )
    asked.length = 0
    await backend.read('k')
    await backend.replace('k', '{}', inAnHour('{}'))
    assert.equal(asked.length, 2, 'one round trip each')
  })

  test('statements are kept prepared, or not where a pooler forbids it', async () => {
    const names = async (prepare: boolean) => {
      const one = poolOf(server, { max: 1 })
      const backend = backendOn(one, { prepare, owners: true })
      await backend.create('k', inAnHour('{}'))
      await backend.read('k')
      await backend.replace('k', '{}', inAnHour('{}'))
      const { rows } = await one.query('SELECT name FROM pg_prepared_statements')
      await one.end()
      return rows.length
    }
    assert.equal(await names(true), 3)
    assert.equal(await names(false), 0)
  })

  test('two stores on one pool, one client, and a client that pipelines', async () => {
    for (const open of [
      async () => {
        const client = await pool.connect()
        return { client, end: () => client.release(true) }
      },
      async () => {
        const { Client } = (await import('pg')).default
        const client = new Client({ connectionString: server.url, pipeline: true } as pg.ClientConfig)
        await client.connect()
        return { client, end: () => client.end() }
      },
    ]) {
      const { client, end } = await open()
      const backends = [backendOn(client as never), backendOn(client as never)]
      const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
      const created = backends.flatMap((each) => keys.map((key) => each.create(key, inAnHour('{}'))))
      assert.ok((await Promise.all(created)).every(Boolean))
      const read = await Promise.all(backends.flatMap((each) => keys.map((key) => each.read(key))))
      assert.ok(read.every((entry) => entry?.body === '{}'))
      await Promise.all(backends.map((each) => each.close()))
      assert.equal((await client.query('SELECT 1 AS one')).rows[0].one, 1, 'it stays open')
      await end()
    }
  })

  test('a connection string opens a pool of its own, and close ends it after what is under way', async () => {
    const backend = new PostgresBackend({
      connectionString: `${server.url}?application_name=own`,
      tableName: freshName(),
      createTableIfMissing: true,
    })
    await backend.create('k', inAnHour('{}'))
    const writes = Array.from({ length: 30 }, (_, i) => backend.create(`k${i}`, inAnHour('{}')))
    await new Promise(setImmediate)
    await Promise.all([backend.close(), backend.close()])
    assert.ok((await Promise.all(writes)).every((written) => written))
    await assert.rejects(backend.read('k'), { code: 'ERR_SESSION_CLOSED' })
    const connections = "SELECT FROM pg_stat_activity WHERE application_name = 'own'"
    await until('its connections are gone', async () => (await pool.query(connections)).rowCount === 0)
  })

  test('the store: set, get, touch, destroy, all, length, clear', async () => {
    const store = new PostgresStore({
      pool,
      tableName: freshName(),
      createTableIfMissing: true,
      prefix: 'a%_:',
    })
    const cookie = { originalMaxAge: HOUR_MS, expires: new Date(Date.now() + HOUR_MS).toISOString() }
    const session = { cookie, views: 1 } as never
    await store.set('sid', session)
    assert.equal(((await store.get('sid')) as { views?: number } | null)?.views, 1)
    await store.touch('sid', session)
    await store.touch('absent', session)
    assert.deepEqual(Object.keys(await store.all()), ['sid'])
    await store.set('other', session)
    await store.destroy('other')
    assert.equal(await store.length(), 1)
    await store.clear()
    assert.equal(await store.get('sid'), null)
    await store.close()
  })

  test('what cannot work is refused at creation, saying what was expected', () => {
    const wrong: Array<[object | undefined, RegExp]> = [
      [undefined, /option pool: expected an object with pool or connectionString/],
      [{ pool, connectionString: server.url }, /option pool: expected either pool or connectionString/],
      [{ pool: {} }, /option pool: expected a Pool or Client of the package pg/],
      [{ connectionString: 5 }, /option connectionString: expected a string/],
      [{ pool, tableName: '' }, /option tableName/],
      [{ pool, tableName: 5 }, /option tableName/],
      [{ pool, schemaName: 'a\0b' }, /option schemaName/],
      [{ pool, pruneInterval: '1h' }, /option pruneInterval: expected milliseconds .* got "1h" \(string\)/],
      [{ pool, pruneInterval: -1 }, /option pruneInterval/],
    ]
    for (const [options, message] of wrong) {
      assert.throws(() => new PostgresStore(options as never), { code: 'ERR_SESSION_OPTION', message })
    }
  })
})
