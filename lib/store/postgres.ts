import { PostgresBackend, type PostgresBackendOptions } from '../backend/postgres/backend'
import { warnOnce } from '../base/warnings'
import { BackedStore, type BackedStoreOptions, checkNames, splitBackedOptions } from './backed-store'

export { PostgresBackend, type PostgresBackendOptions } from '../backend/postgres/backend'
export type { PostgresQuery, PostgresQueryable, PostgresResult } from '../backend/postgres/client'

export interface PostgresStoreOptions
  extends BackedStoreOptions,
    Omit<PostgresBackendOptions, 'onPruneError' | 'clock'> {
  /** Put before each id to make the key, to keep several applications apart in one table. Default: nothing. */
  prefix?: string | undefined
  /** Milliseconds that a session is kept whose cookie ends with the browser. Default 86,400,000: one day. */
  ttl?: number | undefined
}

const OPTIONS = ['tableName', 'schemaName', 'createTableIfMissing', 'owners', 'prepare', 'pruneInterval']
const DAY_MS = 86_400_000

/**
 * Sessions in PostgreSQL 12 or later, by the package `pg`. The table is that of connect-pg-simple, row by row: an
 * application can move over, and back, with its sessions, or have both at work for a while.
 *
 * Emits `pruneError` when the removal of expired sessions failed; it is tried again at the next interval.
 */
export class PostgresStore extends BackedStore {
  declare readonly backend: PostgresBackend

  /**
   * @throws TypeError ERR_SESSION_OPTION when an option is wrong
   * @throws SessionError ERR_SESSION_PEER when `connectionString` is given and the package `pg` is not installed
   */
  constructor(options: PostgresStoreOptions) {
    checkNames('PostgresStore', options, ['pool', 'connectionString'], OPTIONS)
    const [backed, table] = splitBackedOptions(options)
    const owners = backed.owner !== undefined
    const onPruneError = (error: Error) => this.#pruneFailed(error)
    super(new PostgresBackend({ owners, ...table, onPruneError }), { ttl: DAY_MS, ...backed })
  }

  #pruneFailed(error: Error): void {
    warnOnce('SOJOURN_POSTGRES_PRUNE', `expired sessions cannot be removed from the table: ${error.message}`)
    this.emit('pruneError', error)
  }
}
