import { ignore } from '../../base/async'
import { badOption, SessionError } from '../../base/errors'
import { loadPeer } from '../../base/peer'
import type { Statement } from './sql'

export interface PostgresQuery extends Statement {
  values?: unknown[]
}

export interface PostgresResult {
  rows: Array<Record<string, unknown>>
  rowCount: number | null
}

/** What is used of a `Pool` or `Client` of the `pg` package. */
export interface PostgresQueryable {
  query(query: PostgresQuery): Promise<PostgresResult>
  on?(event: 'error', listener: (error: Error) => void): unknown
  removeListener?(event: 'error', listener: (error: Error) => void): unknown
  end?(): Promise<void>
  /** How a Pool is told from a Client. */
  readonly totalCount?: number
  /** A Client that takes several queries at a time. */
  readonly pipeline?: boolean
  /** What a Pool makes its connections of, and with. */
  readonly Client?: new (
    options?: object,
  ) => PostgresListener
  readonly options?: object
}

/** A connection of its own, of the package `pg`, for what the server tells. */
export interface PostgresListener {
  connect(): Promise<unknown>
  query(query: PostgresQuery): Promise<PostgresResult>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'notification', listener: (told: { payload?: string | undefined }) => void): unknown
  end(): Promise<void>
  unref?(): void
}

/** Somebody else's transaction came in between; only seen where the default isolation level was raised. */
const RETRY = new Set(['40001', '40P01'])
const MOST_TRIES = 20

/**
 * One door to the server: runs statements, keeps what it was given open and what it opened its own.
 * Once closed, it fails with `ERR_SESSION_CLOSED` and lets what is under way finish.
 */
export class PostgresClient {
  readonly #queryable: PostgresQueryable
  readonly #own: boolean
  readonly #oneByOne: boolean
  #last: Promise<unknown> = Promise.resolve()
  #underWay = 0
  #closed: Promise<void> | undefined
  #idle: (() => void) | undefined

  /** @param source a Pool or Client, which stays the caller's, or a connection string to open a pool of our own with */
  constructor(source: PostgresQueryable | string) {
    this.#own = typeof source === 'string'
    this.#queryable = typeof source === 'string' ? openPool(source) : source
    if (typeof this.#queryable?.query !== 'function')
      badOption('pool', 'a Pool or Client of the package pg, or a connectionString', source)
    this.#oneByOne = this.#queryable.totalCount === undefined && this.#queryable.pipeline !== true
    watchErrors(this.#queryable)
  }

  /** Opens one more connection to the same server. Absent where only a lone connection was given. */
  get listener(): (() => PostgresListener) | undefined {
    const { Client, options, totalCount } = this.#queryable
    if (typeof Client !== 'function' || totalCount === undefined) return undefined
    return () => new Client(options)
  }

  async run(query: PostgresQuery): Promise<PostgresResult> {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the Postgres store has been closed')
    this.#underWay++
    try {
      return await this.#try(query)
    } finally {
      if (--this.#underWay === 0) this.#idle?.()
    }
  }

  async #try(query: PostgresQuery): Promise<PostgresResult> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#send(query)
      } catch (error) {
        if (tries === MOST_TRIES || !RETRY.has(sqlState(error))) throw withoutData(error)
      }
    }
  }

  /** A lone Client of pg 9 will no longer queue what is asked of it meanwhile. */
  #send(query: PostgresQuery): Promise<PostgresResult> {
    if (!this.#oneByOne) return this.#queryable.query(query)
    const answer = this.#last.then(() => this.#queryable.query(query))
    this.#last = answer.catch(ignore)
    return answer
  }

  /** Idempotent. A pool that ends drops the queries that wait for a connection, so those come first. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    // A pool has ended before its connections have: what these still report must find a listener.
    if (this.#own) await this.#queryable.end?.()
    else unwatchErrors(this.#queryable)
  }
}

/** @returns PostgreSQL's five-character code of an error, or the driver's, or nothing */
export function sqlState(error: unknown): string {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : ''
}

/** PostgreSQL quotes keys (`Key (sid)=(…)`) and bodies in these, Node a URL with its password in `input`. */
function withoutData(error: unknown): unknown {
  if (error instanceof Error)
    for (const part of ['detail', 'where', 'internalQuery', 'input']) Reflect.deleteProperty(error, part)
  return error
}

/**
 * Time limits, so that a server that no longer answers does not keep all connections for ever; and no connection
 * that idles keeps the process from ending. Who wants it otherwise passes a pool.
 */
const OWN_POOL = {
  allowExitOnIdle: true,
  connectionTimeoutMillis: 10_000,
  query_timeout: 30_000,
  keepAlive: true,
  fallback_application_name: 'sojourn',
}

function openPool(connectionString: string): PostgresQueryable {
  const { Pool } = loadPeer<Pg>('pg', 'PostgresStore', () => require('pg'))
  return new Pool({ ...OWN_POOL, connectionString })
}

interface Pg {
  Pool: new (options: Record<string, unknown>) => PostgresQueryable
}

/**
 * An idle connection that breaks is an 'error' event, and one that nobody listens to ends the process. The pool
 * has dropped that connection by then and opens another when asked; whoever asks in vain gets the error.
 * One listener, however many stores share a pool.
 */
const watched = new WeakMap<PostgresQueryable, number>()
function watchErrors(queryable: PostgresQueryable): void {
  const count = watched.get(queryable) ?? 0
  if (count === 0) queryable.on?.('error', ignore)
  watched.set(queryable, count + 1)
}

function unwatchErrors(queryable: PostgresQueryable): void {
  const count = (watched.get(queryable) ?? 1) - 1
  if (count === 0) queryable.removeListener?.('error', ignore)
  watched.set(queryable, count)
}
