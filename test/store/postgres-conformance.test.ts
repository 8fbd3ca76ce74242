import { after, before, describe } from 'node:test'
import { Pool } from 'pg'
import { testStore } from '../../lib/conformance/store/cases'
import { PostgresStore } from '../../lib/store/postgres'
import { type PostgresServer, startPostgres, withoutPostgres } from '../support/servers'

describe('PostgresStore as an application has it', { skip: withoutPostgres() }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.stop())

  testStore(
    'PostgresStore',
    async () => {
      const pool = new Pool({ connectionString: server.url })
      pool.on('error', () => {})
      await pool.query('DROP TABLE IF EXISTS session')
      const stores: PostgresStore[] = []
      const open = (prefix = '') => {
        const store = new PostgresStore({ pool, createTableIfMissing: true, prefix })
        stores.push(store)
        return store
      }
      return {
        store: open(),
        withPrefix: open,
        break: () => server.kill(),
        mend: () => server.restart(),
        clientWorks: async () => (await pool.query('select 1')).rows.length === 1,
        async close() {
          for (const store of stores) await store.close()
          await pool.end()
        },
      }
    },
    {
      script: `
        const { PostgresStore } = require('./lib/store/postgres')
        new PostgresStore({ connectionString: 'postgres://127.0.0.1:1/nobody' })`,
      capabilities: [
        ...(['touch', 'all', 'length', 'clear', 'close', 'promises', 'prefix', 'fineTime'] as const),
        ...(['faults', 'codes', 'givenClient'] as const),
      ],
    },
  )
})
