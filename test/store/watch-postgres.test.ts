import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PostgresStore } from '../../lib/store/postgres'
import { type PostgresServer, startPostgres, withoutPostgres } from '../support/servers'
import { cookie, owner, Told, testWatching } from '../support/watching'

const missing = withoutPostgres()
let server: PostgresServer
if (!missing) {
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.stop())
}

let count = 0
function open(options: object) {
  const table = { connectionString: server.url, tableName: `watched ${count++}`, createTableIfMissing: true }
  const both = [1, 2].map(() => new PostgresStore({ ...options, ...table })) as [PostgresStore, PostgresStore]
  const [watching, writing] = both
  return { watching, writing, close: () => Promise.all(both.map((store) => store.close())) }
}

testWatching('Postgres', open, missing)

test('Postgres: what happened while the server restarted is told', { skip: missing }, async (t) => {
  const { watching, writing, close } = open({ owner })
  t.after(close)
  await writing.set('goes', { cookie: cookie() } as never)
  const told = await Told.of(watching, { all: true })
  await server.halt()
  await server.start()
  for (let tries = 0; tries < 50; tries++) {
    if (
      await writing.destroy('goes').then(
        () => true,
        () => false,
      )
    )
      break
  }
  assert.match((await told.words(1, 8000)).join(), /^ended destroyed$/)
})
