import pg from 'pg'
import { createClient } from 'redis'
import type { Session, SessionEngine } from '../../lib/engine'
import { startPostgres, startRedis } from '../support/servers'

/** An application's own storage, as handlers. */
export interface Storage {
  bind(engine: SessionEngine): SessionEngine
  /** Operations in the order they were asked for. */
  log: string[]
  count(): Promise<number>
  stop?(): Promise<unknown>
}

/** A map; throws when `stored` says the wrong thing, as a table with a key would. */
export function memoryStorage(
  delayMs = 0,
): Storage & { records: Map<string, { data: object; end: number }> } {
  const records = new Map<string, { data: object; end: number }>()
  const log: string[] = []
  const wait = () => (delayMs ? new Promise((resolve) => setTimeout(resolve, delayMs)) : undefined)
  const id = (session: Session) => session.id as string
  return {
    log,
    records,
    count: async () => records.size,
    bind: (engine) =>
      engine
        .use('read', async (session) => {
          log.push('read')
          await wait()
          return records.get(id(session))?.data
        })
        .use('touch', async (session) => {
          log.push('touch')
          const record = records.get(id(session))
          if (!record) throw new Error('UPDATE of a row that is not there')
          record.end = session.expires_at
        })
        .use('write', async (session) => {
          log.push(session.stored ? 'update' : 'insert')
          await wait()
          if (session.stored !== records.has(id(session)))
            throw new Error(`wrong choice: stored is ${session.stored}`)
          records.set(id(session), {
            data: JSON.parse(JSON.stringify(session.get())),
            end: session.expires_at,
          })
        })
        .use('destroy', async (session) => {
          log.push('destroy')
          records.delete(id(session))
        })
        .use('cleanup', async () => {
          for (const [key, record] of records) if (record.end <= Date.now()) records.delete(key)
        }),
  }
}

/** A table with a primary key: an INSERT of what is there fails, and so does an UPDATE of what is not. */
export async function sqlStorage(): Promise<Storage> {
  const server = await startPostgres()
  const pool = new pg.Pool({ connectionString: server.url, max: 4 })
  pool.on('error', () => {})
  await pool.query('CREATE TABLE visits (id text PRIMARY KEY, data json NOT NULL, ends bigint NOT NULL)')
  const log: string[] = []
  const one = async (sql: string, values: unknown[]) => {
    const { rowCount } = await pool.query(sql, values)
    if (rowCount !== 1) throw new Error(`${sql.split(' ', 1)[0]} met ${rowCount} rows`)
  }
  return {
    log,
    count: async () => Number((await pool.query('SELECT count(*) FROM visits')).rows[0].count),
    async stop() {
      await pool.end()
      await server.stop()
    },
    bind: (engine) =>
      engine
        .use('read', async (session) => {
          log.push('read')
          const { rows } = await pool.query('SELECT data FROM visits WHERE id = $1 AND ends > $2', [
            session.id,
            Date.now(),
          ])
          return rows[0]?.data
        })
        .use('touch', async (session) => {
          log.push('touch')
          await one('UPDATE visits SET ends = $2 WHERE id = $1', [session.id, session.expires_at])
        })
        .use('write', async (session) => {
          log.push(session.stored ? 'update' : 'insert')
          const values = [session.id, JSON.stringify(session.get()), session.expires_at]
          if (session.stored) await one('UPDATE visits SET data = $2, ends = $3 WHERE id = $1', values)
          else await one('INSERT INTO visits (id, data, ends) VALUES ($1, $2, $3)', values)
        })
        .use('destroy', async (session) => {
          log.push('destroy')
          await pool.query('DELETE FROM visits WHERE id = $1', [session.id])
        })
        .use('cleanup', () => pool.query('DELETE FROM visits WHERE ends <= $1', [Date.now()])),
  }
}

/** Keys with a time to live. */
export async function redisStorage(): Promise<Storage> {
  const server = await startRedis()
  const client = createClient({ url: server.url })
  client.on('error', () => {})
  await client.connect()
  const log: string[] = []
  const key = (session: Session) => `visit:${session.id}`
  return {
    log,
    count: () => client.dbSize(),
    async stop() {
      client.destroy()
      await server.stop()
    },
    bind: (engine) =>
      engine
        .use('read', async (session) => {
          log.push('read')
          const text = await client.get(key(session))
          return text ? JSON.parse(text) : undefined
        })
        .use('touch', async (session) => {
          log.push('touch')
          await client.pExpire(key(session), session.duration)
        })
        .use('write', async (session) => {
          log.push(session.stored ? 'update' : 'insert')
          await client.set(key(session), JSON.stringify(session.get()), { PX: session.duration })
        })
        .use('destroy', async (session) => {
          log.push('destroy')
          await client.del(key(session))
        }),
  }
}
