import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type pg from 'pg'
import type { PostgresBackend } from '../../../lib/backend/postgres/backend'
import { PRUNE_LOCK } from '../../../lib/backend/postgres/sql'
import { type PostgresServer, startPostgres, withoutPostgres } from '../../support/servers'
import { backendOn, freshName, HOUR_MS, inAnHour, poolOf, until } from './support'

const WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

/** A race that is lost hangs: on a lock that nobody gives up. */
const LIMIT_MS = 60_000

describe('races in PostgreSQL', { skip: withoutPostgres(), timeout: LIMIT_MS }, () => {
  let server: PostgresServer
  let pool: pg.Pool
  let tableName: string
  let backend: PostgresBackend
  /** Somebody else's connection, in the middle of a transaction. */
  let rival: pg.PoolClient

  before(async () => {
    server = await startPostgres()
    pool = poolOf(server)
    rival = await pool.connect()
    rival.on('error', () => {})
  })
  beforeEach(async () => {
    tableName = freshName()
    backend = backendOn(pool, { tableName })
    await backend.create('k', inAnHour('{"a":1}'))
  })
  after(async () => {
    rival?.release(true)
    await pool?.end()
    await server?.stop()
  })

  const waiter = async (): Promise<number> => {
    await until('a statement waits for a lock', async () => (await rival.query(WAITING)).rowCount === 1)
    return (await rival.query(WAITING)).rows[0].pid
  }

  /** @returns what `replace` says that began, and read its snapshot, before the rival's change was there */
  async function replaceDuring(change: string, end = 'COMMIT') {
    await rival.query('BEGIN')
    await rival.query(change.replace('$t', tableName))
    let statements = 0
    const query = (asked: pg.QueryConfig) => {
      if (asked.text.includes('UPDATE')) statements++
      return pool.query(asked)
    }
    const counted = backendOn({ query, totalCount: 1 } as never, { tableName })
    const answer = counted.replace('k', '{"a":1}', inAnHour('{"mine":1}'))
    await waiter()
    await rival.query(end)
    await answer
    assert.equal(statements, 1, 'the first answer was the right one')
    return answer
  }

  test('replace that had to wait answers with what was written meanwhile, not with its own snapshot', async () => {
    const answer = await replaceDuring(`UPDATE $t SET sess = '{"b":2}'`)
    assert.equal(typeof answer === 'object' && answer.body, '{"b":2}')
    assert.equal((await backend.read('k'))?.body, '{"b":2}')
  })

  test('replace that had to wait for a removal finds it gone', async () => {
    assert.equal(await replaceDuring('DELETE FROM $t'), undefined)
    assert.equal(await backend.read('k'), undefined)
  })

  test('replace that had to wait while the session expired finds it gone', async () => {
    assert.equal(await replaceDuring(`UPDATE $t SET expire = '2001-01-01'`), undefined)
    assert.equal(await backend.read('k'), undefined)
  })

  test('replace that had to wait for a mere touch, or for a change taken back, writes', async () => {
    assert.equal(await replaceDuring(`UPDATE $t SET expire = 'infinity'`), true)
    assert.equal((await backend.read('k'))?.body, '{"mine":1}')
    await backend.replace('k', '{"mine":1}', inAnHour('{"a":1}'))
    assert.equal(await replaceDuring(`UPDATE $t SET sess = '{"b":2}'`, 'ROLLBACK'), true)
  })

  test('a removal between two looks does not bring back what was removed', async () => {
    // The row is new under an old key: replace may find the old one gone or the new one there, but not write.
    const answer = await replaceDuring(
      `DELETE FROM $t; INSERT INTO $t VALUES ('k', '{"new":1}', 'infinity')`.replaceAll('$t', tableName),
    )
    assert.notEqual(answer, true)
    assert.equal((await backend.read('k'))?.body, '{"new":1}')
  })

  /** @returns what many `replace` of one turn answered, and with how many statements */
  async function replaceTogether(changes: Array<[key: string, seen: string, body: string]>, during?: string) {
    const statements: string[] = []
    const query = (asked: pg.QueryConfig) => {
      if (asked.text.includes('UPDATE')) statements.push(asked.text)
      return pool.query(asked)
    }
    const counted = backendOn({ query, totalCount: 1 } as never, { tableName })
    await rival.query(`BEGIN; ${during?.replaceAll('$t', tableName) ?? ''}`)
    const answers = changes.map(([key, seen, body]) => counted.replace(key, seen, inAnHour(body)))
    if (during) await waiter()
    await rival.query('COMMIT')
    return { answers: await Promise.all(answers), statements: statements.length }
  }
  const bodyOf = (answer: unknown) =>
    typeof answer === 'object' ? (answer as { body: string }).body : answer

  test('changes of one turn share a statement, and each gets its own answer', async () => {
    const never = Number.POSITIVE_INFINITY
    await backend.create('never', { body: '{"a":1}', expires: never })
    await backend.create('other', { body: '{"a":1,"quote":"\\"\\\\\\u0000ü"}', expires: never })
    await backend.create('late', { body: '{"a":1}', expires: 1 })
    const { answers, statements } = await replaceTogether([
      ['k', '{"a":1}', '{"k":"\\"\\\\\\u0000ü"}'],
      ['never', '{"a":1}', '"sealed"'],
      ['other', '{"a":1}', '{"mine":1}'],
      ['late', '{"a":1}', '{"mine":1}'],
      ['absent', '{"a":1}', '{"mine":1}'],
    ])
    assert.equal(statements, 1)
    assert.deepEqual(answers.map(bodyOf), [
      true,
      true,
      '{"a":1,"quote":"\\"\\\\\\u0000ü"}',
      undefined,
      undefined,
    ])
    assert.equal((await backend.read('k'))?.body, '{"k":"\\"\\\\\\u0000ü"}')
    assert.equal((await backend.read('never'))?.body, '"sealed"')
    await replaceTogether([
      ['k', '', ''],
      ['never', '"sealed"', '{}'],
    ])
    const entry = { body: '{}', expires: never }
    await Promise.all([backend.replace('never', '{}', entry), backend.replace('k', '', entry)])
    assert.deepEqual(await backend.read('never'), entry)
  })

  test('changes that had to wait together answer with what was written meanwhile', async () => {
    for (const key of ['changed', 'removed', 'expired', 'touched'])
      await backend.create(key, inAnHour('{"a":1}'))
    const { answers, statements } = await replaceTogether(
      ['k', 'changed', 'removed', 'expired', 'touched'].map((key) => [key, '{"a":1}', '{"mine":1}']),
      `UPDATE $t SET sess = '{"b":2}' WHERE sid = 'changed'; DELETE FROM $t WHERE sid = 'removed';
       UPDATE $t SET expire = '2001-01-01' WHERE sid = 'expired'; UPDATE $t SET expire = 'infinity' WHERE sid = 'touched'`,
    )
    assert.equal(statements, 1, 'the first answer was the right one')
    assert.deepEqual(answers.map(bodyOf), [true, '{"b":2}', undefined, undefined, true])
  })

  test('a change that the server refuses does not take the others of its turn with it', async () => {
    await backend.create('other', inAnHour('{"a":1}'))
    const { answers } = await replaceTogether([
      ['k', '{"a":1}', '{no json'],
      ['other', '{"a":1}', '{"b":2}'],
    ])
    assert.deepEqual(answers, [true, true])
    assert.equal((await backend.read('k'))?.body, '{no json')
    const { rows } = await pool.query(`SELECT sess FROM ${tableName} WHERE sid = 'other'`)
    assert.deepEqual(rows, [{ sess: { b: 2 } }], 'as JSON, for others to read')
  })

  test('of two changes of one session in one turn, one is written and the other told', async () => {
    await backend.create('other', inAnHour('{"a":1}'))
    const { answers } = await replaceTogether([
      ['k', '{"a":1}', '{"first":1}'],
      ['k', '{"a":1}', '{"second":1}'],
      ['other', '{"a":1}', '{"b":2}'],
    ])
    assert.equal(answers.filter((answer) => answer === true).length, 2)
    const [standing] = answers.slice(0, 2).filter((answer) => answer !== true)
    assert.equal(bodyOf(standing), (await backend.read('k'))?.body)
  })

  test('many sessions changed by several processes in any order: nobody waits crosswise', async () => {
    const logged = server.log().length
    const keys = Array.from({ length: 20 }, (_, i) => `s${i}`)
    await Promise.all(keys.map((key) => backend.create(key, inAnHour('{}'))))
    const backends = [1, 2, 3].map(() => backendOn(poolOf(server), { tableName }))
    const orders = [keys, [...keys].reverse(), [...keys].sort()]
    for (let round = 0; round < 15; round++) {
      const body = `{"round":${round}}`
      const seen = round === 0 ? '{}' : `{"round":${round - 1}}`
      const answers = await Promise.all(
        backends.map((each, i) =>
          Promise.all((orders[i] ?? keys).map(async (key) => each.replace(key, seen, inAnHour(body)))),
        ),
      )
      assert.equal(answers.flat().filter((answer) => answer === true).length, keys.length, `round ${round}`)
    }
    assert.doesNotMatch(server.log().slice(logged), /deadlock/)
  })

  test('a hundred merges at once all survive, whatever isolation level the database has been given', async () => {
    for (const level of ['read committed', 'repeatable read', 'serializable']) {
      const pools = [1, 2, 3].map(() =>
        poolOf(server, { max: 3, options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}` }),
      )
      const backends = pools.map((each) => backendOn(each, { tableName }))
      const key = level
      await backend.create(key, inAnHour('{}'))
      const merge = async (i: number): Promise<void> => {
        const mine = backends[i % backends.length] ?? backend
        let seen = (await mine.read(key))?.body ?? '{}'
        for (let tries = 0; tries < 200; tries++) {
          const answer = await mine.replace(
            key,
            seen,
            inAnHour(JSON.stringify({ ...JSON.parse(seen), [`k${i}`]: i })),
          )
          if (answer === true) return
          seen = answer?.body ?? assert.fail('it is gone')
        }
        assert.fail('no end of conflicts')
      }
      await Promise.all(Array.from({ length: 100 }, (_, i) => merge(i)))
      assert.equal(Object.keys(JSON.parse((await backend.read(key))?.body ?? '')).length, 100, level)
      await Promise.all(pools.map((each) => each.end()))
    }
  })

  test('a connection that is killed in the middle of a write gives an error, and the next call works', async () => {
    await rival.query('BEGIN')
    await rival.query(`UPDATE ${tableName} SET sess = '{"b":2}'`)
    const failed = assert.rejects(backend.replace('k', '{"a":1}', inAnHour('{"mine":1}')), {
      code: 'ERR_SESSION_STORE',
      message: /terminat/,
    })
    await rival.query('SELECT pg_terminate_backend($1)', [await waiter()])
    await failed
    await rival.query('ROLLBACK')
    assert.equal((await backend.read('k'))?.body, '{"a":1}')
    assert.equal(await backend.replace('k', '{"a":1}', inAnHour('{"mine":1}')), true)
  })

  test('idle connections that break do not end the process, nor does a killed server', async () => {
    const { Pool } = (await import('pg')).default
    const bare = new Pool({ connectionString: server.url })
    const own = backendOn(bare, { tableName })
    const read = () => own.read('k')
    await Promise.all([read(), own.extend('k', Date.now() + HOUR_MS), own.remove('absent')])
    const others =
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = $1 AND pid <> $2'
    const { rows } = await rival.query('SELECT pg_backend_pid() AS pid')
    await rival.query(others, ['client backend', rows[0].pid])
    await until('the pool has noticed', async () => bare.totalCount === 0)
    assert.equal((await read())?.body, '{"a":1}')
    await server.kill()
    await assert.rejects(read(), { code: 'ERR_SESSION_STORE' })
    await server.start()
    await until('it reads again', () => read().then(Boolean, () => false))
    await own.close()
    assert.equal(bare.listenerCount('error'), 0)
    await bare.end()
    rival.release(true)
    rival = await pool.connect()
    rival.on('error', () => {})
  })

  test('one process prunes at a time, in batches, and waits for nobody', async () => {
    await pool.query(
      `INSERT INTO ${tableName} SELECT 'x' || i, '{}', '2001-01-01'::timestamp + i * interval '1s' FROM generate_series(1, 2500) i`,
    )
    const table = `to_regclass('${tableName}')::oid::int4`
    await rival.query(`SELECT pg_advisory_lock(${PRUNE_LOCK}, ${table})`)
    assert.equal(await backend.prune(Date.now()), 0, 'somebody else is at it')
    await rival.query(`SELECT pg_advisory_unlock(${PRUNE_LOCK}, ${table})`)

    await rival.query('BEGIN')
    await rival.query(`SELECT * FROM ${tableName} WHERE sid = 'x1' FOR UPDATE`)
    const backends = [1, 2, 3].map(() => backendOn(poolOf(server), { tableName }))
    const dropped = await Promise.all([backend, ...backends].map((each) => each.prune(Date.now())))
    await rival.query('COMMIT')
    const rest = await backend.prune(Date.now())
    const total = dropped.reduce((sum, each) => sum + each, rest)
    assert.equal(total, 2500)
    assert.ok(rest >= 1, 'the row that was in use was left for the next time')
    assert.equal((await backend.read('k'))?.body, '{"a":1}', 'the living stay')
    assert.equal(await backend.prune(Date.now()), 0)
  })

  test('an expired session that comes alive while it is pruned stays', async () => {
    await backend.extend('k', Date.now() - 1)
    await rival.query('BEGIN')
    await rival.query(`UPDATE ${tableName} SET expire = 'infinity'`)
    assert.equal(await backend.prune(Date.now()), 0)
    await rival.query('COMMIT')
    assert.equal(await backend.prune(Date.now()), 0)
    assert.equal((await backend.read('k'))?.body, '{"a":1}')
  })
})
