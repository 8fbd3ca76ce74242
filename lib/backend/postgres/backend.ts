import { type Clock, systemClock } from '../../base/clock'
import { badOption, type SessionError, storeError } from '../../base/errors'
import { Repeat } from '../../base/repeat'
import type { Backend, Entry, Replaced, StoreKey } from '../contract'
import type { Ending, NewsListener } from '../news'
import { type Asked, Batcher } from './batcher'
import { PostgresClient, type PostgresListener, type PostgresQueryable } from './client'
import { PostgresFollower, payloadOf } from './follow'
import { pruneInBatches } from './prune'
import { PostgresReplace } from './replace'
import { entryFromRow, mustBeStorable, ownerOf } from './row'
import { identifier, sqlLiteral } from './sql'
import { isRefusedBody, PostgresTable } from './table'
import { isStorable, Spelling, toSeconds } from './text'

export interface PostgresBackendOptions {
  /** A `Pool` (or a lone `Client`) of the package `pg`. It stays yours: `close()` leaves it open. */
  pool?: PostgresQueryable | undefined
  /** Instead of `pool`: where to connect. The store then opens a pool of its own and ends it in `close()`. */
  connectionString?: string | undefined
  /** The table. Default `session`, as connect-pg-simple has it. Any name; it is quoted. */
  tableName?: string | undefined
  /** The schema of the table. Default: the first of the connection's `search_path` that has such a table. */
  schemaName?: string | undefined
  /** Create the table, its indexes and the `owner` column where they are missing. Default `false`. */
  createTableIfMissing?: boolean | undefined
  /** Keep an `owner` column, and with it `ownedBy`. Default `false`: connect-pg-simple's columns only. */
  owners?: boolean | undefined
  /**
   * Let each connection parse and plan a statement once and keep it under a name. Default `true`. Set it to
   * `false` behind a pooler that gives a connection to somebody else after each transaction and does not know
   * of prepared statements (PgBouncer before 1.21).
   */
  prepare?: boolean | undefined
  /** Milliseconds from one removal of expired sessions to the next, ±25 %. `0`: never by itself. Default 900,000. */
  pruneInterval?: number | undefined
  /** Told of a removal of expired sessions that failed. It is tried again at the next interval. */
  onPruneError?: ((error: SessionError) => void) | undefined
  /** The clock that deadlines are compared with. Default: the system's. */
  clock?: Clock | undefined
}

const PRUNE_INTERVAL_MS = 15 * 60_000
const PRUNE_BATCH = 1000
const SCAN_PAGE = 500
/** Keys in one read. */
const READ_BATCH = 256

/**
 * Sessions in connect-pg-simple's table: both may work on it, on the same sessions, at the same time.
 *
 * Deadlines are compared with *this* machine's clock, not with the database's: it is this clock that they were
 * reckoned with, and connect-pg-simple does the same.
 */
export class PostgresBackend implements Backend {
  readonly follow?: NonNullable<Backend['follow']>
  readonly ownedBy?: (owner: string) => Promise<Array<[StoreKey, Entry]>>

  readonly #client: PostgresClient
  readonly #table: PostgresTable
  readonly #reads: Batcher<StoreKey, Entry | undefined>
  readonly #replace: PostgresReplace
  readonly #pruning: Repeat | undefined
  readonly #followers = new Set<PostgresFollower>()

  constructor(options: PostgresBackendOptions) {
    const { pool, connectionString, tableName = 'session', schemaName } = options
    const { createTableIfMissing = false, owners = false, prepare = true } = options
    const { pruneInterval = PRUNE_INTERVAL_MS, onPruneError, clock = systemClock } = options
    if ((pool === undefined) === (connectionString === undefined))
      badOption('pool', 'either pool or connectionString', pool ?? connectionString)
    if (typeof pool === 'string') badOption('pool', 'a Pool or Client of the package pg', 'a string')
    if (connectionString !== undefined && typeof connectionString !== 'string')
      badOption('connectionString', 'a string', connectionString)
    const name = identifier('tableName', tableName)
    const table = schemaName === undefined ? name : `${identifier('schemaName', schemaName)}.${name}`
    if (typeof pruneInterval !== 'number' || !(pruneInterval >= 0))
      badOption('pruneInterval', 'milliseconds as a non-negative number', pruneInterval)
    this.#client = new PostgresClient((pool ?? connectionString) as PostgresQueryable | string)
    const { listener } = this.#client
    if (listener) this.follow = (prefix, told) => this.#follow(listener, sqlLiteral(table), prefix, told)
    this.#table = new PostgresTable(
      this.#client,
      { table, owners, create: createTableIfMissing },
      prepare,
      clock,
    )
    this.#reads = new Batcher(READ_BATCH, (asked) => void this.#readAll(asked))
    this.#replace = new PostgresReplace(this.#table)
    if (owners) this.ownedBy = (owner) => this.#ownedBy(owner)
    if (pruneInterval > 0) {
      this.#pruning = new Repeat({
        intervalMs: pruneInterval,
        work: async () => void (await this.prune(clock())),
        onError: (error) => onPruneError?.(storeError('prune', error)),
      })
    }
  }

  read(key: StoreKey): Promise<Entry | undefined> {
    return isStorable(key) ? this.#reads.ask(key) : Promise.resolve(undefined)
  }

  async create(key: StoreKey, entry: Entry): Promise<boolean> {
    mustBeStorable(key)
    const body = new Spelling(entry.body)
    const expires = toSeconds(entry.expires)
    const owner = this.#table.owners ? [ownerOf(entry)] : []
    for (;;) {
      try {
        const values = [key, body.text, expires, this.#table.now(), payloadOf(key, false), ...owner]
        const { rowCount } = await this.#table.run('create', values)
        return rowCount === 1
      } catch (error) {
        if (!isRefusedBody(error) || !body.next()) throw error
      }
    }
  }

  replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Promise<Replaced> {
    return isStorable(key) ? this.#replace.run(key, seen, entry, ending) : Promise.resolve(undefined)
  }

  async remove(key: StoreKey, ending?: Ending): Promise<boolean> {
    if (!isStorable(key)) return false
    const { rows } = await this.#table.run('remove', [key, this.#table.now(), payloadOf(key, true, ending)])
    return rows[0]?.['live'] === true
  }

  async extend(key: StoreKey, expires: number): Promise<boolean> {
    if (!isStorable(key)) return false
    const values = [key, toSeconds(expires), this.#table.now(), payloadOf(key, false)]
    const { rowCount } = await this.#table.run('extend', values)
    return rowCount === 1
  }

  /** Page by page in the order of the primary key; nothing is held on the server between two pages. */
  async *scan(prefix = ''): AsyncGenerator<[StoreKey, Entry]> {
    if (!isStorable(prefix)) return
    for (let last: unknown; ; ) {
      const values = [last ?? '', this.#table.now(), prefix, SCAN_PAGE]
      const { rows } = await this.#table.run(last === undefined ? 'scanFrom' : 'scanAfter', values)
      for (const row of rows) if (row['live'] === true) yield [String(row['sid']), entryFromRow(row)]
      if (rows.length < SCAN_PAGE) return
      last = rows.at(-1)?.['sid']
    }
  }

  async #follow(
    open: () => PostgresListener,
    table: string,
    prefix: string,
    told: NewsListener,
  ): Promise<() => void> {
    // Makes sure that the table is there.
    await this.#table.run('read', [[], this.#table.now()])
    const follower = new PostgresFollower(open, table, prefix, told)
    this.#followers.add(follower)
    await follower.start()
    return () => {
      this.#followers.delete(follower)
      follower.stop()
    }
  }

  async prune(now: number): Promise<number> {
    return pruneInBatches(async (limit) => {
      const { rowCount } = await this.#table.run('prune', [toSeconds(now), limit])
      return rowCount ?? 0
    }, PRUNE_BATCH)
  }

  async close(): Promise<void> {
    this.#pruning?.stop()
    for (const follower of this.#followers) follower.stop()
    await this.#client.close()
  }

  async #readAll(asked: ReadonlyArray<Asked<StoreKey, Entry | undefined>>): Promise<void> {
    try {
      const keys = [...new Set(asked.map(({ question }) => question))]
      const { rows } = await this.#table.run('read', [keys, this.#table.now()])
      const found = new Map(rows.map((row) => [String(row['sid']), row]))
      for (const { question, resolve } of asked) {
        const row = found.get(question)
        // An entry for each: whoever asked may do with it what he likes.
        resolve(row && entryFromRow(row))
      }
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }

  async #ownedBy(owner: string): Promise<Array<[StoreKey, Entry]>> {
    if (!isStorable(owner)) return []
    const { rows } = await this.#table.run('ownedBy', [owner, this.#table.now()])
    return rows.map((row) => [String(row['sid']), entryFromRow(row)])
  }
}
