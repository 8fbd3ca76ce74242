import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { type PostgresServer, startPostgres, withoutPostgres } from '../support/servers'
import { assertExact, runHistory } from './history'

describe('a history of several processes on PostgreSQL', {
  skip: withoutPostgres(),
  timeout: 240_000,
}, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server?.stop())

  const at = (tableName: string) => ({ connectionString: server.url, tableName })

  test('every acknowledged change is there, nothing destroyed answers', async (t) => {
    const history = await runHistory({ store: 'postgres', options: at('calm'), seed: 1 })
    t.diagnostic(history.summary)
    assertExact(history)
    assert.equal(history.unsure, 0)
  })

  test('so it is when the server is killed and comes back, twice', async (t) => {
    const history = await runHistory({
      store: 'postgres',
      options: at('restarted'),
      seed: 2,
      async disturb(_, reached) {
        for (const share of [0.2, 0.6]) {
          await reached(share)
          await server.kill()
          await server.start()
        }
      },
    })
    t.diagnostic(history.summary)
    assertExact(history)
    assert.ok(history.unsure > 0)
  })

  test('so it is when connections are killed in the middle of statements, and processes too', async (t) => {
    const history = await runHistory({
      store: 'postgres',
      options: at('killed'),
      seed: 3,
      processes: 4,
      async disturb(children, reached) {
        const client = new pg.Client({ connectionString: server.url })
        await client.connect()
        for (const share of [0.1, 0.2, 0.3, 0.4, 0.5]) {
          await reached(share)
          await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`)
        }
        await client.end()
        await reached(0.6)
        children[0]?.kill('SIGKILL')
        await reached(0.7)
        children[1]?.kill('SIGKILL')
      },
    })
    t.diagnostic(history.summary)
    assertExact(history)
    assert.ok(history.unsure > 0)
  })

  test('the check finds stores that lose updates or bring sessions back', async () => {
    const options = { seed: 4, operations: 120 }
    const blind = await runHistory({ store: 'blind', options: at('blind'), ...options })
    assert.ok(blind.lost.length > 0, blind.summary)
    const reviving = await runHistory({ store: 'reviving', options: at('reviving'), ...options })
    assert.ok(reviving.revived.length > 0, reviving.summary)
  })
})
