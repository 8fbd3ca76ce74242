import { once } from 'node:events'
import { join } from 'node:path'
import { describe } from 'node:test'
import { notCompiled, withBoth } from './support/sides'
import { folderOf, storeVisits } from './support/store-visits'

withBoth('connect-loki', (side) => {
  storeVisits(
    side,
    (t) => {
      const Store = side.load('connect-loki')(side.session)
      const store = new Store({ path: join(folderOf(t), 'sessions.db'), autosave: false })
      t.after(() => {
        clearInterval(store.collection.ttl.daemon)
        return new Promise((resolve) => store.client.close(resolve))
      })
      return once(store, 'connect').then(() => store)
    },
    { clock: 'its own' },
  )
})

withBoth('memorystore', (side) => {
  storeVisits(side, (t) => {
    const Store = side.load('memorystore')(side.session)
    const store = new Store({ checkPeriod: 86_400_000 })
    t.after(() => store.stopInterval())
    return store
  })
})

withBoth('session-file-store', (side) => {
  storeVisits(side, (t) => {
    const Store = side.load('session-file-store')(side.session)
    return new Store({ path: folderOf(t), reapInterval: -1, retries: 0, logFn: () => {} })
  })
})

withBoth('connect-sqlite3', (side) => {
  const skip = notCompiled(side, 'sqlite3')
  describe('where it is compiled', { skip }, () => {
    storeVisits(side, async (t) => {
      const Store = side.load('connect-sqlite3')(side.session)
      const folder = folderOf(t)
      const store = new Store({ db: 'sessions.db', dir: folder })
      t.after(() => new Promise((resolve) => store.db.close(resolve)))
      await once(store.client, 'connect')
      return store
    })
  })
})

withBoth('better-sqlite3-session-store', (side) => {
  const skip = notCompiled(side, 'better-sqlite3')
  describe('where it is compiled', { skip }, () => {
    storeVisits(
      side,
      (t) => {
        const Theirs: new (options: object) => object = side.load('better-sqlite3-session-store')(
          side.session,
        )
        // Its timer has no end, and keeps the process alive.
        class Store extends Theirs {
          startInterval(): void {}
        }
        const client = new (side.load('better-sqlite3'))(join(folderOf(t), 'sessions.db'))
        t.after(() => client.close())
        return new Store({ client })
      },
      { clock: 'its own' },
    )
  })
})

withBoth('connect-session-knex', (side) => {
  const skip = notCompiled(side, 'better-sqlite3')
  describe('where it is compiled', { skip }, () => {
    storeVisits(side, (t) => {
      // It takes its Store from `express-session`, whichever package has that name.
      const { ConnectSessionKnexStore } = side.load('connect-session-knex')
      const filename = join(folderOf(t), 'sessions.db')
      const knex = side.load('knex')({
        client: 'better-sqlite3',
        connection: { filename },
        useNullAsDefault: true,
      })
      t.after(() => knex.destroy())
      return new ConnectSessionKnexStore({ knex, cleanupInterval: 0 })
    })
  })
})
