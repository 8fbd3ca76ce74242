import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import type pg from 'pg'
import { PostgresBackend, PostgresStore } from '../../../lib/store/postgres'
import { type PostgresServer, startPostgres, withoutPostgres } from '../../support/servers'
import { backendOn, connectPgSimple, freshName, HOUR_MS, handClock, inAnHour, poolOf } from './support'

const COLUMNS = `SELECT column_name, data_type, is_nullable, datetime_precision, column_default
  FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position`

describe('the table of sessions', { skip: withoutPostgres(), timeout: 240_000 }, () => {
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

  test('it is the table that connect-pg-simple creates, with its key and an index on expire', async () => {
    const [ours, theirs] = [freshName(), freshName()]
    await backendOn(pool, { tableName: ours }).read('k')
    await connectPgSimple({ pool, tableName: theirs, createTableIfMissing: true }).get('k')
    const columns = async (table: string) => (await pool.query(COLUMNS, [table])).rows
    assert.deepEqual(await columns(ours), await columns(theirs))
    const indexes = async (table: string) => {
      const { rows } = await pool.query('SELECT indexdef FROM pg_indexes WHERE tablename = $1', [table])
      return rows.map(({ indexdef }) => indexdef.replace(/INDEX .* ON .* USING/, 'INDEX USING')).sort()
    }
    assert.deepEqual(await indexes(ours), await indexes(theirs))
  })

  for (const zone of ['UTC', 'Pacific/Chatham', 'America/St_Johns']) {
    test(`sessions move to connect-pg-simple and back, time zone ${zone}`, async () => {
      const zoned = poolOf(server, { options: `-c TimeZone=${zone}` })
      const tableName = freshName()
      const ours = new PostgresStore({ pool: zoned, tableName, createTableIfMissing: true, owners: true })
      await ours.get('k')
      const theirs = connectPgSimple({ pool: zoned, tableName })
      // Times on the whole second: connect-pg-simple rounds up to it.
      const at = (ms: number) => new Date(Math.ceil((Date.now() + ms) / 1000) * 1000)
      const session = (expires: Date) =>
        ({ cookie: { originalMaxAge: HOUR_MS, expires: expires.toISOString() }, name: 'Zoë' }) as never
      const [soon, later] = [at(HOUR_MS), at(2 * HOUR_MS)]

      await ours.set('mine', session(soon))
      assert.deepEqual(await theirs.get('mine'), session(soon))
      await theirs.touch('mine', session(later))
      assert.equal((await ours.backend.read('mine'))?.expires, later.getTime())

      await theirs.set('theirs', session(soon))
      assert.deepEqual({ ...(await ours.get('theirs')) }, session(soon))
      const entry = await ours.backend.read('theirs')
      assert.equal(entry?.expires, soon.getTime())
      const next = { body: '{"cookie":{},"b":1}', expires: later.getTime(), owner: 'ann' }
      assert.equal(await ours.backend.replace('theirs', entry?.body ?? '', next), true)
      assert.deepEqual(await theirs.get('theirs'), { cookie: {}, b: 1 })
      await theirs.set('theirs', session(later))
      assert.equal((await ours.backend.ownedBy?.('ann'))?.length, 1)

      await ours.touch('theirs', session(at(-5000)))
      assert.equal(await theirs.get('theirs'), undefined, 'expired for both')
      await theirs.touch('mine', session(at(-5000)))
      assert.equal(await ours.get('mine'), null, 'expired for both')
      await ours.set('mine', session(later))
      await theirs.destroy('mine')
      assert.equal(await ours.get('mine'), null)
      await zoned.end()
    })
  }

  test('twenty processes create it at the same time, with the column of owners', async () => {
    const tableName = freshName()
    const pools = Array.from({ length: 20 }, () => poolOf(server, { max: 1 }))
    await Promise.all(pools.map((each) => each.query('SELECT 1')))
    const logged = server.log().length
    const backends = pools.map((each, i) => backendOn(each, { tableName, owners: i % 2 === 0 }))
    const reads = await Promise.all(backends.map((backend) => backend.read('k')))
    assert.deepEqual(new Set(reads), new Set([undefined]))
    const found = await pool.query('SELECT indexdef FROM pg_indexes WHERE tablename = $1', [tableName])
    assert.equal(found.rowCount, 3, 'one key, one index on expire, one on owner')
    assert.doesNotMatch(server.log().slice(logged), /ERROR/, 'and none ran into another')
    await Promise.all(pools.map((each) => each.end()))
  })

  test('a creation that failed is tried again by the next call', async () => {
    const schemaName = freshName()
    const backend = backendOn(pool, { schemaName, tableName: 'session' })
    await assert.rejects(backend.read('k'), {
      code: 'ERR_SESSION_STORE',
      message: /schema .* does not exist/,
    })
    await assert.rejects(backend.create('k', inAnHour('{}')), { code: 'ERR_SESSION_STORE' })
    await pool.query(`CREATE SCHEMA ${schemaName}`)
    assert.equal(await backend.create('k', inAnHour('{}')), true)
    assert.equal((await backend.read('k'))?.body, '{}')
  })

  test('a table that was dropped under a running process is made again', async () => {
    const tableName = freshName()
    const backend = backendOn(pool, { tableName })
    await backend.create('k', inAnHour('{}'))
    await pool.query(`DROP TABLE ${tableName}`)
    await assert.rejects(backend.read('k'), { code: 'ERR_SESSION_STORE', message: /does not exist/ })
    assert.equal(await backend.read('k'), undefined)
    assert.equal(await backend.create('k', inAnHour('{}')), true)
  })

  test('a table that is missing is named in the error, and found once somebody has made it', async () => {
    const tableName = freshName()
    const backend = backendOn(pool, { tableName, createTableIfMissing: false })
    const message = new RegExp(`table "${tableName}" does not exist; create it, or set createTableIfMissing`)
    await assert.rejects(backend.read('k'), { code: 'ERR_SESSION_STORE', message })
    await backendOn(pool, { tableName }).read('k')
    assert.equal(await backend.read('k'), undefined)
  })

  test('an owner column is added to a live table when owners are asked for, and only then', async () => {
    const tableName = freshName()
    const plain = backendOn(pool, { tableName })
    await plain.create('old', { ...inAnHour('{}'), owner: 'ann' })
    assert.equal(plain.ownedBy, undefined)
    const strict = backendOn(pool, { tableName, owners: true, createTableIfMissing: false })
    await assert.rejects(strict.read('old'), {
      message: /has no column owner; add it, or set createTableIfMissing/,
    })
    const owning = backendOn(pool, { tableName, owners: true })
    assert.equal(await owning.create('new', { ...inAnHour('{}'), owner: 'ann' }), true)
    assert.deepEqual(
      (await owning.ownedBy?.('ann'))?.map(([key]) => key),
      ['new'],
    )
    assert.equal((await plain.read('old'))?.body, '{}', 'who knows nothing of it works on')
    assert.equal(await strict.remove('old'), true)
  })

  test('what is there already is looked at and not locked', async () => {
    const tableName = freshName()
    await backendOn(pool, { tableName, owners: true }).create('k', inAnHour('{}'))
    const reader = await pool.connect()
    await reader.query('BEGIN')
    await reader.query(`SELECT * FROM ${tableName}`)
    // An ALTER TABLE would wait for this transaction.
    assert.equal((await backendOn(pool, { tableName, owners: true }).read('k'))?.body, '{}')
    await reader.query('ROLLBACK')
    reader.release()
  })

  test('any name of schema and table means just that', async () => {
    const names = [
      'select',
      'Üb er',
      "o'x",
      'a"b',
      'a\\b',
      '$$; DROP',
      'a.b',
      "'; --",
      '"',
      'a\n  b',
      '%s $1',
      'x'.repeat(63),
    ]
    for (const name of names) {
      await pool.query(`CREATE SCHEMA "${name.replaceAll('"', '""')}"`)
      const backend = backendOn(pool, { schemaName: name, tableName: name, owners: true })
      assert.equal(await backend.create('k', { ...inAnHour('{}'), owner: 'ann' }), true, name)
      assert.equal(await backend.replace('k', '{}', inAnHour('{"a":1}')), true, name)
      assert.equal((await backend.read('k'))?.body, '{"a":1}', name)
      assert.equal(await backend.prune(Date.now() + 2 * HOUR_MS), 1, name)
      const { rows } = await pool.query(
        'SELECT table_name FROM information_schema.tables WHERE table_schema = $1',
        [name],
      )
      assert.deepEqual(rows, [{ table_name: name }])
    }
  })

  test('a column of type jsonb works, comparing values; text and timestamptz work as they are', async () => {
    for (const [sess, expire] of [
      ['jsonb', 'timestamp(6)'],
      ['text', 'timestamptz'],
      ['varchar', 'timestamp'],
    ]) {
      const tableName = freshName()
      await pool.query(`CREATE TABLE ${tableName} (sid varchar PRIMARY KEY, sess ${sess}, expire ${expire})`)
      const backend = backendOn(pool, { tableName })
      const body = '{"cookie":{"path":"/"},"b":[1,2.0],"a":"\\u00fc"}'
      const entry = inAnHour(body)
      assert.equal(await backend.create('k', entry), true)
      const read = await backend.read('k')
      assert.deepEqual([JSON.parse(read?.body ?? ''), read?.expires], [JSON.parse(body), entry.expires])
      assert.equal(await backend.replace('k', body, inAnHour('{"a":1}')), true, 'seen is what was written')
      const seen = (await backend.read('k'))?.body ?? ''
      assert.equal(await backend.replace('k', seen, inAnHour('{"a":2}')), true, 'seen is what was read')
      const theirs = await backend.replace('k', '{"a":1}', inAnHour('{"a":3}'))
      assert.deepEqual(typeof theirs === 'object' && JSON.parse(theirs.body), { a: 2 })
      for (const odd of ['"sealed"', 'no json', '{"nul":"\\u0000"}', '{"half":"\\ud800"}']) {
        const now = (await backend.read('k'))?.body ?? ''
        assert.equal(await backend.replace('k', now, inAnHour(odd)), true, odd)
        assert.equal((await backend.read('k'))?.body, odd)
      }
    }
  })

  test('a table of something else is refused by name', async () => {
    const tableName = freshName()
    await pool.query(`CREATE TABLE ${tableName} (sid varchar PRIMARY KEY, sess bytea, expire timestamp)`)
    const message = /has a column sess of type bytea: expected json/
    await assert.rejects(backendOn(pool, { tableName }).read('k'), { code: 'ERR_SESSION_STORE', message })
    const other = freshName()
    await pool.query(`CREATE TABLE ${other} (id int)`)
    await assert.rejects(backendOn(pool, { tableName: other }).read('k'), {
      message: /it is not a table of sessions/,
    })
  })

  test('no session id and no data stand in an error', async () => {
    const tableName = freshName()
    await backendOn(pool, { tableName }).read('k')
    await pool.query(
      `ALTER TABLE ${tableName} ADD CHECK (sid <> 'secret-id'), ADD CHECK (sess::text !~ 'secret-data')`,
    )
    const backend = backendOn(pool, { tableName })
    for (const [key, body] of [
      ['secret-id', '{}'],
      ['k', '{"a":"secret-data"}'],
      ['k', '{"a":"secret-data\ud800"}'],
    ]) {
      const error = await backend.create(key ?? '', inAnHour(body ?? '')).then(
        () => assert.fail(`${key} was taken`),
        (failure: Error) => failure,
      )
      const shown = JSON.stringify([error.message, error, error.cause, Object.entries(error.cause ?? {})])
      assert.doesNotMatch(shown, /secret-(id|data)/)
    }
  })

  test('no password stands in an error', async () => {
    for (const url of [
      'postgres://ann:secret-word@ho st:99999/x',
      'postgres://ann:secret-word@127.0.0.1:1/x',
    ]) {
      const backend = new PostgresBackend({ connectionString: url })
      const error = await backend.read('k').then(
        () => assert.fail(),
        (failure: Error) => failure,
      )
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /secret-word/)
      await backend.close()
    }
  })

  test('the hour that comes twice in autumn makes a deadline at most an hour late, never early', async () => {
    // 26 October 2025, 00:30 and 01:30 UTC are both 02:30 in Berlin.
    const zoned = poolOf(server, { options: '-c TimeZone=Europe/Berlin' })
    const start = Date.parse('2025-10-25T23:00:00Z')
    const { clock } = handClock(start)
    const backend = backendOn(zoned, { clock })
    for (let minutes = 10; minutes <= 240; minutes += 10) {
      const expires = start + minutes * 60_000
      await backend.create(`k${minutes}`, { body: '{}', expires })
      const late = ((await backend.read(`k${minutes}`))?.expires ?? 0) - expires
      assert.ok(late === 0 || late === HOUR_MS, `${minutes} minutes: ${late} ms late`)
    }
    await zoned.end()
  })
})
