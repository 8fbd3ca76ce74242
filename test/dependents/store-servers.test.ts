import { after, before, describe } from 'node:test'
import {
  type MariadbServer,
  type MemcachedServer,
  startMariadb,
  startMemcached,
  withoutMariadb,
  withoutMemcached,
} from '../support/servers'
import { withBoth } from './support/sides'
import { storeVisits } from './support/store-visits'

describe('on a MariaDB', { skip: withoutMariadb() }, () => {
  let mariadb: MariadbServer
  before(async () => {
    mariadb = await startMariadb()
  })
  after(() => mariadb?.stop())

  withBoth('express-mysql-session', (side) => {
    storeVisits(side, async (t) => {
      const Store = side.load('express-mysql-session')(side.session)
      const { socketPath } = mariadb
      const mysql = side.load('mysql2/promise')
      const pool = mysql.createPool({ socketPath, user: 'root', database: 'sessions' })
      const store = new Store({ clearExpired: false, endConnectionOnClose: true }, pool)
      t.after(() => store.close())
      await store.onReady()
      return store
    })
  })
})

describe('on a memcached', { skip: withoutMemcached() }, () => {
  let memcached: MemcachedServer
  before(async () => {
    memcached = await startMemcached()
  })
  after(() => memcached?.stop())

  withBoth('connect-memcached', (side) => {
    storeVisits(
      side,
      (t) => {
        const Store = side.load('connect-memcached')(side.session)
        const store = new Store({ hosts: [`127.0.0.1:${memcached.port}`], prefix: 'sessions:' })
        t.after(() => store.client.end())
        return store
      },
      { clock: 'its own' },
    )
  })
})
