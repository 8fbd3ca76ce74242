/** A process of `bench:watch`: watches sessions, and says when it is told of each change. */
import type { BackedStore } from '../lib/store/backed-store'
import { LmdbStore } from '../lib/store/lmdb'
import { PostgresStore } from '../lib/store/postgres'
import { RedisStore } from '../lib/store/redis'

export interface WatchPlace {
  store: 'LmdbStore' | 'RedisStore' | 'PostgresStore'
  url: string
}

export const BODY = (n: number) => ({
  cookie: { originalMaxAge: null, expires: null },
  n,
  user: 'a name of some length, so that it weighs what sessions weigh',
})

export function openStore({ store, url }: WatchPlace): BackedStore {
  if (store === 'LmdbStore') return new LmdbStore({ path: url })
  if (store === 'RedisStore') return new RedisStore({ url })
  return new PostgresStore({ connectionString: url, createTableIfMissing: true })
}

async function watch({ place, ids }: { place: WatchPlace; ids: number }): Promise<void> {
  const store = openStore(place)
  const tell = ({ type, data }: { type: string; data?: Record<string, unknown> | undefined }) => {
    if (type === 'changed') process.send?.({ n: data?.['n'], at: performance.timeOrigin + performance.now() })
  }
  for (let n = 0; n < ids; n += 500) {
    const some = Array.from({ length: Math.min(500, ids - n) }, (_, i) => `s${n + i}`)
    await Promise.all(some.map((session) => store.watch({ session }, tell)))
  }
  process.send?.('ready')
}

process.once('message', watch)
process.on('disconnect', () => process.exit())
