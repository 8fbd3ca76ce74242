import type { Clock } from '../../base/clock'
import { SessionError, storeError } from '../../base/errors'
import { type PostgresClient, type PostgresResult, sqlState } from './client'
import { prepareTable, type Wanted } from './schema'
import { type Statements, statements } from './sql'
import { toSeconds } from './text'

/** Table or column are gone: somebody dropped or restored it under us, and the next call looks again. */
const IS_ANOTHER_TABLE = new Set(['42P01', '42703'])

/** A table that is looked at, and made if wanted, before the first statement on it. */
export class PostgresTable {
  readonly owners: boolean
  readonly #client: PostgresClient
  readonly #wanted: Wanted
  readonly #prepare: boolean
  readonly #clock: Clock
  #sql: Statements | undefined
  #preparing: Promise<Statements> | undefined

  constructor(client: PostgresClient, wanted: Wanted, prepare: boolean, clock: Clock) {
    this.owners = wanted.owners
    this.#client = client
    this.#wanted = wanted
    this.#prepare = prepare
    this.#clock = clock
  }

  /** Our time, as the statements take it. */
  now(): number {
    return toSeconds(this.#clock())
  }

  /** @throws SessionError `ERR_SESSION_STORE` with the driver's error as cause, or `ERR_SESSION_CLOSED` */
  async run(verb: keyof Statements, values: unknown[]): Promise<PostgresResult> {
    try {
      const sql = this.#sql ?? (await this.#ready())
      return await this.#client.run({ ...sql[verb], values })
    } catch (error) {
      if (IS_ANOTHER_TABLE.has(sqlState(error))) this.#sql = undefined
      throw storeError(verb, error)
    }
  }

  /** Once; but a failure is forgotten, and the next call tries again. */
  #ready(): Promise<Statements> {
    const { table, owners } = this.#wanted
    this.#preparing ??= prepareTable(this.#client, this.#wanted)
      .then((sess) => {
        this.#sql = statements({ table, owners, sess, prepare: this.#prepare })
        return this.#sql
      })
      .finally(() => {
        this.#preparing = undefined
      })
    return this.#preparing
  }
}

/** Not JSON to PostgreSQL, nested too deeply for it, or not within the encoding of this database. */
const REFUSED_BODY = new Set(['22P02', '22P05', '22021', '54001'])

export function isRefusedBody(error: unknown): boolean {
  return error instanceof SessionError && REFUSED_BODY.has(sqlState(error.cause))
}
