import { type Clock, systemClock } from '../core/clock'
import { badOption, SessionError, storeError } from '../core/errors'
import type { Backend, Entry, Replaced, StoreKey } from './backend'
import { Gather } from './gather'
import { PostgresClient, type PostgresQueryable, type PostgresResult, sqlState } from './postgres-client'
import { pruneInBatches, Rounds } from './postgres-prune'
import { prepareTable } from './postgres-schema'
import { identifier, type Statement, type Statements, statements } from './postgres-sql'
import { bodyOf, isStorable, Spelling, toMs, toSeconds } from './postgres-text'

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
  /** Milliseconds from one removal of expired sessions to the next, ±50 %. `0`: never by itself. Default 900,000. */
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
  readonly ownedBy?: (owner: string) => Promise<Array<[StoreKey, Entry]>>

  readonly #client: PostgresClient
  readonly #clock: Clock
  readonly #table: string
  readonly #options: PostgresBackendOptions
  readonly #reads: Gather<Entry>
  readonly #rounds: Rounds | undefined
  #sql: Statements | undefined
  #preparing: Promise<Statements> | undefined

  constructor(options: PostgresBackendOptions) {
    const { pool, connectionString, tableName = 'session', schemaName } = options
    const { pruneInterval = PRUNE_INTERVAL_MS, clock = systemClock } = options
    if ((pool === undefined) === (connectionString === undefined))
      badOption('pool', 'either pool or connectionString', pool ?? connectionString)
    if (connectionString !== undefined && typeof connectionString !== 'string')
      badOption('connectionString', 'a string', connectionString)
    const table = identifier('tableName', tableName)
    this.#table = schemaName === undefined ? table : `${identifier('schemaName', schemaName)}.${table}`
    if (typeof pruneInterval !== 'number' || !(pruneInterval >= 0))
      badOption('pruneInterval', 'milliseconds as a non-negative number', pruneInterval)
    this.#client = new PostgresClient((pool ?? connectionString) as PostgresQueryable | string)
    this.#clock = clock
    this.#options = options
    this.#reads = new Gather((keys) => this.#readAll(keys), READ_BATCH)
    if (options.owners) this.ownedBy = (owner) => this.#ownedBy(owner)
    if (pruneInterval > 0) this.#rounds = new Rounds(pruneInterval, () => this.#pruneInBackground())
  }

  async read(key: StoreKey): Promise<Entry | undefined> {
    return isStorable(key) ? this.#reads.get(key) : undefined
  }

  async create(key: StoreKey, entry: Entry): Promise<boolean> {
    mustBeStorable(key)
    const body = new Spelling(entry.body)
    const expires = toSeconds(entry.expires)
    const owner = this.#owner(entry)
    for (;;) {
      try {
        const values = [key, body.text, expires, this.#now(), ...owner]
        const { rowCount } = await this.#run('create', (sql) => sql.create, values)
        return rowCount === 1
      } catch (error) {
        if (!isRefusedBody(error) || !body.next()) throw error
      }
    }
  }

  async replace(key: StoreKey, seen: string, entry: Entry): Promise<Replaced> {
    if (!isStorable(key)) return undefined
    const before = new Spelling(seen)
    const after = new Spelling(entry.body)
    let theirs: Entry | undefined
    for (;;) {
      try {
        const values = [
          key,
          before.text,
          after.text,
          toSeconds(entry.expires),
          this.#now(),
          ...this.#owner(entry),
        ]
        const { rows } = await this.#run('replace', (sql) => sql.replace, values)
        const answer = replaced(rows[0])
        if (typeof answer !== 'object' || answer.body !== seen) return answer
        // What was seen stands there: in its other spelling, or it was changed and changed back meanwhile.
        theirs = answer
        if (!before.next()) return theirs
      } catch (error) {
        if (!isRefusedBody(error)) throw error
        if (after.next() || before.next()) continue
        if (theirs) return theirs
        throw error
      }
    }
  }

  async remove(key: StoreKey): Promise<boolean> {
    if (!isStorable(key)) return false
    const { rows } = await this.#run('remove', (sql) => sql.remove, [key, this.#now()])
    return rows[0]?.['live'] === true
  }

  async extend(key: StoreKey, expires: number): Promise<boolean> {
    if (!isStorable(key)) return false
    const { rowCount } = await this.#run('extend', (sql) => sql.extend, [
      key,
      toSeconds(expires),
      this.#now(),
    ])
    return rowCount === 1
  }

  /** Page by page in the order of the primary key; nothing is held on the server between two pages. */
  async *scan(prefix = ''): AsyncGenerator<[StoreKey, Entry]> {
    if (!isStorable(prefix)) return
    for (let last: unknown; ; ) {
      const values = [last ?? '', this.#now(), prefix, SCAN_PAGE]
      const { rows } = await this.#run(
        'scan',
        (sql) => (last === undefined ? sql.scanFrom : sql.scanAfter),
        values,
      )
      for (const row of rows) if (row['live'] === true) yield [String(row['sid']), entryOf(row)]
      if (rows.length < SCAN_PAGE) return
      last = rows.at(-1)?.['sid']
    }
  }

  async prune(now: number): Promise<number> {
    return pruneInBatches(async (limit) => {
      const { rowCount } = await this.#run('prune', (sql) => sql.prune, [toSeconds(now), limit])
      return rowCount ?? 0
    }, PRUNE_BATCH)
  }

  async close(): Promise<void> {
    this.#rounds?.stop()
    await this.#client.close()
  }

  async #readAll(keys: string[]): Promise<Map<string, Entry>> {
    const { rows } = await this.#run('read', (sql) => sql.read, [keys, this.#now()])
    return new Map(rows.map((row) => [String(row['sid']), entryOf(row)]))
  }

  async #ownedBy(owner: string): Promise<Array<[StoreKey, Entry]>> {
    if (!isStorable(owner)) return []
    const { rows } = await this.#run('ownedBy', (sql) => sql.ownedBy, [owner, this.#now()])
    return rows.map((row) => [String(row['sid']), entryOf(row)])
  }

  async #pruneInBackground(): Promise<void> {
    try {
      await this.prune(this.#clock())
    } catch (error) {
      this.#options.onPruneError?.(storeError('prune', error))
    }
  }

  async #run(verb: string, pick: (sql: Statements) => Statement, values: unknown[]): Promise<PostgresResult> {
    try {
      const sql = this.#sql ?? (await this.#prepare())
      return await this.#client.run({ ...pick(sql), values })
    } catch (error) {
      throw storeError(verb, error)
    }
  }

  /** Once; but a failure is forgotten, and the next call tries again. */
  #prepare(): Promise<Statements> {
    const { createTableIfMissing: create = false, owners = false, prepare = true } = this.#options
    this.#preparing ??= prepareTable(this.#client, { table: this.#table, owners, create })
      .then(({ jsonb }) => (this.#sql = statements({ table: this.#table, owners, jsonb, prepare })))
      .finally(() => (this.#preparing = undefined))
    return this.#preparing
  }

  #now(): number {
    return toSeconds(this.#clock())
  }

  #owner({ owner }: Entry): [] | [string | null] {
    if (!this.#options.owners) return []
    if (owner !== undefined) mustBeStorable(owner)
    return [owner ?? null]
  }
}

function mustBeStorable(text: string): void {
  if (isStorable(text)) return
  const what = 'a key or owner with NUL or half a surrogate pair'
  throw new SessionError('ERR_SESSION_STORE', `PostgreSQL cannot store ${what}`)
}

/** NULL in every column is how the statement says that it wrote. */
function replaced(row: Record<string, unknown> | undefined): Replaced {
  if (row === undefined) return undefined
  return row['expires'] === null ? true : entryOf(row)
}

function entryOf(row: Record<string, unknown>): Entry {
  const { body, expires, owner } = row
  const entry = { body: bodyOf(String(body)), expires: toMs(expires) }
  return typeof owner === 'string' ? { ...entry, owner } : entry
}

/** Not JSON to PostgreSQL, nested too deeply for it, or not within the encoding of this database. */
const REFUSED_BODY = new Set(['22P02', '22P05', '22021', '54001'])

function isRefusedBody(error: unknown): boolean {
  return error instanceof SessionError && REFUSED_BODY.has(sqlState(error.cause))
}
