import { createHash } from 'node:crypto'
import { badOption } from '../../base/errors'

/**
 * The statements, as text. The columns are connect-pg-simple's: `sid varchar` (primary key), `sess json`,
 * `expire timestamp(6)`, plus `owner text` where sessions of an owner are asked for.
 *
 * `expire` has no time zone: connect-pg-simple writes `to_timestamp(seconds)` into it, which the server turns
 * into the wall clock of the connection's `TimeZone`, and back when comparing. So do we, in every statement;
 * all that read one table need one `TimeZone`, and in a zone with summer time a deadline within the hour that
 * comes twice may be read an hour late.
 */

/** A statement; `name` is given if the server shall keep it prepared. */
export interface Statement {
  readonly name?: string
  readonly text: string
}

export interface Statements {
  /** $1 keys, $2 now */
  readonly read: Statement
  /** $1 key, $2 body, $3 deadline, $4 now, $5 what to tell, $6 owner */
  readonly create: Statement
  /** $1 key, $2 seen, $3 body, $4 deadline, $5 now, $6 what to tell, $7 owner */
  readonly replace: Statement
  /** $1 keys, $2 changes as a JSON array, $3 now: gives `sid`, and what stands there if it was not written */
  readonly replaceAll: Statement
  /** $1 key, $2 now, $3 what to tell */
  readonly remove: Statement
  /** $1 key, $2 deadline, $3 now, $4 what to tell */
  readonly extend: Statement
  /** $1 from key, $2 now, $3 prefix, $4 limit */
  readonly scanFrom: Statement
  /** the same, after key $1 */
  readonly scanAfter: Statement
  /** $1 owner, $2 now */
  readonly ownedBy: Statement
  /** $1 now, $2 limit */
  readonly prune: Statement
}

export interface TableShape {
  /** Quoted, with its schema where one was given. */
  table: string
  /** Is there an `owner` column to write? */
  owners: boolean
  /** The type of the column `sess`. `jsonb` does not keep the text of a body, so bodies are compared as values. */
  sess: string
  /** Give each statement a name, so that a connection parses and plans it once. */
  prepare: boolean
}

/** @returns an SQL identifier that means this very name, whatever characters it has */
export function identifier(option: string, name: unknown): string {
  if (typeof name !== 'string' || name === '' || name.includes('\0'))
    badOption(option, 'a name of one or more characters', name)
  return `"${name.replaceAll('"', '""')}"`
}

/** @returns an SQL literal of this text, under either setting of `standard_conforming_strings` */
export function sqlLiteral(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

/** Namespace of our advisory locks, beside the table's own number: "soj" in ASCII and a purpose. */
export const CREATE_LOCK = 0x736f6a01
export const PRUNE_LOCK = 0x736f6a02
export const WATCH_LOCK = 0x736f6a03

const MS = '(extract(epoch FROM expire::timestamptz) * 1000)::text AS expires'

export function statements({ table, owners, sess, prepare }: TableShape): Statements {
  const owner = owners ? ', owner' : ''
  const entry = `sess::text AS body, ${MS}${owner}`
  const same = (seen: string) => (sess === 'jsonb' ? `sess = ${seen}::jsonb` : `sess::text = ${seen}::text`)
  const none = `NULL AS body, NULL AS expires${owners ? ', NULL AS owner' : ''}`
  const build = (verb: string, text: string): Statement =>
    prepare ? { name: `sojourn_${verb}_${fingerprint(text)}`, text } : { text }
  const oid = `${sqlLiteral(table)}::regclass::oid::int4`
  // Who follows the table shares this lock, so that it can be had only where nobody does. Asked once a statement, and
  // given back at once; that another writer has it at that very moment costs a telling that nobody hears.
  const watched = `(SELECT CASE WHEN pg_try_advisory_lock(${WATCH_LOCK}, ${oid})
    THEN NOT pg_advisory_unlock(${WATCH_LOCK}, ${oid}) ELSE true END)`
  const tell = (payload: string, condition = 'true') =>
    `CASE WHEN ${condition} AND ${watched} THEN pg_notify('sojourn_' || ${oid}, ${payload})::text END AS told`
  const scan = (operator: string) => `
    SELECT sid, live, CASE WHEN live THEN sess::text END AS body, ${MS}${owner}
    FROM (SELECT *, expire > to_timestamp($2) AND left(sid, length($3)) = $3 AS live
      FROM ${table} WHERE sid ${operator} $1 ORDER BY sid LIMIT $4) AS page
    ORDER BY sid`

  return {
    read: build(
      'read',
      `SELECT sid, ${entry} FROM ${table} WHERE sid = ANY($1) AND expire > to_timestamp($2)`,
    ),

    create: build(
      'create',
      `INSERT INTO ${table} AS s (sid, sess, expire${owner}) VALUES ($1, $2, to_timestamp($3)${owners ? ', $6' : ''})
      ON CONFLICT (sid) DO UPDATE SET sess = excluded.sess, expire = excluded.expire
      ${owners ? ', owner = excluded.owner' : ''} WHERE s.expire <= to_timestamp($4) RETURNING ${tell('$5')}`,
    ),

    // One snapshot serves both parts, but each of them, on meeting a row that was changed after that snapshot,
    // waits for the writer and goes on with the newest version: UPDATE compares with that one, and FOR UPDATE is
    // what makes the SELECT return it as well instead of the version the snapshot has.
    replace: build(
      'replace',
      `WITH done AS (
        UPDATE ${table} SET sess = $3, expire = to_timestamp($4)${owners ? ', owner = $7' : ''}
        WHERE sid = $1 AND ${same('$2')} AND expire > to_timestamp($5) RETURNING ${tell('$6')}),
      theirs AS (
        SELECT ${entry} FROM ${table}
        WHERE sid = $1 AND expire > to_timestamp($5) AND NOT EXISTS (SELECT FROM done) FOR UPDATE)
      SELECT ${none} FROM done UNION ALL SELECT * FROM theirs`,
    ),

    // Locks come first and in the order of keys, so that two of these never wait for each other crosswise.
    // The driver is slow at arrays of long texts; JSON is a quarter cheaper on both sides.
    replaceAll: build(
      'replace_all',
      `WITH held AS MATERIALIZED (
        SELECT * FROM ${table} WHERE sid = ANY($1) AND expire > to_timestamp($3) ORDER BY sid FOR UPDATE),
      wanted AS (
        SELECT held.sid, w.body, w.expire, w.news${owners ? ', w.owner' : ''}
        FROM json_to_recordset($2) AS w (sid text, seen text, body text, expire float8, news text${owners ? ', owner text' : ''})
          JOIN held ON held.sid = w.sid AND held.${same('w.seen')}),
      done AS (
        UPDATE ${table} AS s SET sess = w.body::${sess}, expire = to_timestamp(w.expire)${owners ? ', owner = w.owner' : ''}
        FROM wanted AS w WHERE s.sid = w.sid AND s.sid = ANY($1) RETURNING s.sid, ${tell('w.news')})
      SELECT sid, ${none} FROM done
      UNION ALL SELECT sid, ${entry} FROM held WHERE sid NOT IN (SELECT sid FROM done)`,
    ),

    remove: build(
      'remove',
      `DELETE FROM ${table} WHERE sid = $1 RETURNING expire > to_timestamp($2) AS live,
        ${tell('$3', 'expire > to_timestamp($2)')}`,
    ),

    extend: build(
      'extend',
      `UPDATE ${table} SET expire = to_timestamp($2) WHERE sid = $1 AND expire > to_timestamp($3)
      RETURNING ${tell('$4')}`,
    ),

    scanFrom: build('scan_from', scan('>=')),
    scanAfter: build('scan_after', scan('>')),

    ownedBy: build(
      'owned',
      `SELECT sid, ${entry} FROM ${table} WHERE owner = $1 AND expire > to_timestamp($2) ORDER BY expire, sid`,
    ),

    // The lock lives as long as this statement: nobody waits for it, and a process that dies holds nothing.
    // ARRAY(…) makes the inner query run once; a row that somebody is using is left for the next time.
    prune: build(
      'prune',
      `DELETE FROM ${table} WHERE expire <= to_timestamp($1) AND sid = ANY (ARRAY(
        SELECT sid FROM ${table}
        WHERE expire <= to_timestamp($1)
          AND (SELECT pg_try_advisory_xact_lock(${PRUNE_LOCK}, to_regclass(${sqlLiteral(table)})::oid::int4))
        ORDER BY expire LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    ),
  }
}

/** Two tables on one pool have two texts, which the driver accepts under two names only. */
function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
