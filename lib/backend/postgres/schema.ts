import { SessionError } from '../../base/errors'
import { type PostgresClient, sqlState } from './client'
import { CREATE_LOCK, sqlLiteral } from './sql'

export interface Wanted {
  /** Quoted, with its schema where one was given. */
  table: string
  /** Shall there be an `owner` column with an index? */
  owners: boolean
  /** May what is missing be created? */
  create: boolean
}

/** What is there of the table. `undefined`: there is no such column. */
interface Found {
  exists: boolean
  sess: string | undefined
  owner: string | undefined
}

/**
 * Makes sure that the table is there and fit. Looks first, and takes no lock where nothing is missing: to alter
 * a table, even by nothing, queues behind the longest transaction on it, and everybody else behind that.
 *
 * @returns the type of `sess`
 * @throws SessionError `ERR_SESSION_STORE` naming what is missing
 */
export async function prepareTable(client: PostgresClient, wanted: Wanted): Promise<string> {
  let found = await look(client, wanted.table)
  if (wanted.create && isIncomplete(found, wanted)) {
    await create(client, wanted)
    found = await look(client, wanted.table)
  }
  return judge(found, wanted)
}

const isIncomplete = (found: Found, wanted: Wanted): boolean =>
  !found.exists || (wanted.owners && found.owner === undefined)

function judge(found: Found, { table, owners }: Wanted): string {
  const lack = (what: string) => new SessionError('ERR_SESSION_STORE', `table ${table} ${what}`)
  if (!found.exists) throw lack('does not exist; create it, or set createTableIfMissing')
  if (found.sess === undefined) throw lack('has no column sess: it is not a table of sessions')
  if (!/^(jsonb?|text|character varying)$/.test(found.sess))
    throw lack(`has a column sess of type ${found.sess}: expected json`)
  if (owners && found.owner === undefined)
    throw lack('has no column owner; add it, or set createTableIfMissing')
  return found.sess
}

async function look(client: PostgresClient, table: string): Promise<Found> {
  const type = (column: string) =>
    `(SELECT format_type(atttypid, NULL) FROM pg_attribute
      WHERE attrelid = t AND attname = '${column}' AND NOT attisdropped) AS ${column}`
  const text = `SELECT t IS NOT NULL AS exists, ${type('sess')}, ${type('owner')} FROM to_regclass($1) AS t`
  const { rows } = await client.run({ text, values: [table] })
  const { exists, sess, owner } = rows[0] ?? {}
  return { exists: exists === true, sess: optional(sess), owner: optional(owner) }
}

const optional = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Somebody without our lock, such as connect-pg-simple, made the same thing at the same moment. */
const EXISTS_NOW = new Set(['42P07', '42P06', '42701', '42710', '23505'])

async function create(client: PostgresClient, wanted: Wanted): Promise<void> {
  try {
    await client.run({ text: `DO ${sqlLiteral(creation(wanted))}` })
  } catch (error) {
    if (!EXISTS_NOW.has(sqlState(error))) throw error
  }
}

/**
 * One process at a time looks again and creates; the others wait for it and then find everything there. A block
 * and not `IF NOT EXISTS`, which would need names for the indexes, and keep silent if another table has them.
 * The look goes through `pg_class` because that makes the server take note of what was committed while it waited;
 * `to_regclass` alone answers from what it remembers.
 */
function creation({ table, owners }: Wanted): string {
  const regclass = `to_regclass(${sqlLiteral(table)})`
  const addOwner = `
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = ${regclass} AND attname = 'owner' AND NOT attisdropped) THEN
      ALTER TABLE ${table} ADD COLUMN owner text;
      CREATE INDEX ON ${table} (owner, expire) WHERE owner IS NOT NULL;
    END IF;`
  return `BEGIN
    PERFORM set_config('lock_timeout', '10s', true), pg_advisory_xact_lock(${CREATE_LOCK}, 0);
    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = ${regclass}) THEN
      CREATE TABLE ${table} (
        sid varchar NOT NULL COLLATE "default" PRIMARY KEY,
        sess json NOT NULL,
        expire timestamp(6) NOT NULL
      );
      CREATE INDEX ON ${table} (expire);
    END IF;${owners ? addOwner : ''}
  END`
}
