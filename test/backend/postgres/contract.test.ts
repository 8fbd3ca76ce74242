import { after, before, describe } from 'node:test'
import { testBackend } from '../../../lib/conformance/backend/cases'
import { type PostgresServer, startPostgres, withoutPostgres } from '../../support/servers'
import { backendOn, freshName, handClock, poolOf } from './support'

describe('PostgresBackend keeps the contract', { skip: withoutPostgres() }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server?.stop())

  testBackend(
    'PostgresBackend',
    () => {
      const pool = poolOf(server)
      const time = handClock()
      const options = { tableName: freshName(), owners: true, clock: time.clock }
      const others: Array<() => Promise<void>> = []
      return {
        backend: backendOn(pool, options),
        clock: time,
        reopen() {
          const other = poolOf(server)
          others.push(() => other.end())
          return backendOn(other, options)
        },
        break: () => server.halt(),
        mend: () => server.start(),
        clientWorks: async () => (await pool.query('SELECT 1')).rowCount === 1,
        async close() {
          await Promise.all([pool.end(), ...others.map((end) => end())])
        },
      }
    },
    {
      capabilities: [
        'scan',
        'owners',
        'prune',
        'follow',
        'close',
        'shared',
        'durable',
        'faults',
        'givenClient',
        'anyBody',
      ],
    },
  )
})
