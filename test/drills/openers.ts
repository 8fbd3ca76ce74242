import type { Backend, Entry } from '../../lib/backend/contract'
import { LmdbBackend } from '../../lib/backend/lmdb/backend'
import { PostgresBackend } from '../../lib/backend/postgres/backend'
import { RedisStore } from '../../lib/store/redis'

/** How a process of a drill opens each store, by name, from options that went through JSON. */
export const openers = {
  postgres(options: { connectionString: string; tableName: string }): Backend {
    return new PostgresBackend({ ...options, createTableIfMissing: true, pruneInterval: 50 })
  },

  redis(options: { url: string; owners: boolean }): Backend {
    return new RedisStore(options).backend
  },

  lmdb(options: { path: string }): Backend {
    return new LmdbBackend({ ...options, pruneInterval: 50 })
  },

  /** Two that break promises, for the check of the check. */
  blind(options: { connectionString: string; tableName: string }): Backend {
    return Object.assign(openers.postgres(options), {
      async replace(this: Backend, key: string, _seen: string, entry: Entry) {
        const standing = await this.read(key)
        return standing && PostgresBackend.prototype.replace.call(this, key, standing.body, entry)
      },
    })
  },
  reviving(options: { connectionString: string; tableName: string }): Backend {
    return Object.assign(openers.postgres(options), {
      async replace(this: Backend, key: string, seen: string, entry: Entry) {
        const answer = await PostgresBackend.prototype.replace.call(this, key, seen, entry)
        return answer ?? this.create(key, entry)
      },
    })
  },
}

export type StoreName = keyof typeof openers

/** What goes to every process of a drill. */
export interface StoreAt {
  store: StoreName
  options: unknown
}

export function openStore({ store, options }: StoreAt): Backend {
  return openers[store](options as never)
}
