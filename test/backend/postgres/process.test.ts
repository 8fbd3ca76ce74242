import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type pg from 'pg'
import { PostgresBackend, PostgresStore } from '../../../lib/store/postgres'
import { type PostgresServer, startPostgres, withoutPostgres } from '../../support/servers'
import { freshName, poolOf, until } from './support'

/** Runs code in a process of its own. @returns its exit code and what it printed */
async function inProcess(code: string, folder = resolve(__dirname, '../../..')): Promise<[unknown, string]> {
  const tsx = require.resolve('tsx')
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=commonjs', '-e', code], {
    cwd: folder,
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += text))
  const limit = setTimeout(() => child.kill('SIGKILL'), 8000)
  const [exitCode] = await once(child, 'close')
  clearTimeout(limit)
  return [exitCode, printed]
}

describe('a process with a PostgresStore', { skip: withoutPostgres(), timeout: 120_000 }, () => {
  let server: PostgresServer
  let pool: pg.Pool

  before(async () => {
    server = await startPostgres()
    pool = poolOf(server)
  })
  after(async () => {
    await pool?.end()
    await server?.stop()
  })

  test('it ends by itself when it only made the store, and when it used it and did not close it', async () => {
    const options = { connectionString: server.url, tableName: freshName(), createTableIfMissing: true }
    const make = `
      const { PostgresStore } = require('./lib/store/postgres.ts')
      const store = new PostgresStore(${JSON.stringify({ ...options, pruneInterval: 1000 })})`
    const use = `${make}
      store.set('sid', { cookie: { originalMaxAge: null } }).then(() => store.get('sid')).then((s) => console.log(!!s))`
    assert.deepEqual(await inProcess(make), [0, ''])
    assert.deepEqual(await inProcess(use), [0, 'true\n'])
  })

  test('a server that goes away while the store closes does not end the process', async () => {
    const name = freshName()
    const connectionString = `${server.url}?application_name=${name}`
    const end = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1'
    for (let round = 0; round < 30; round++) {
      const backend = new PostgresBackend({ connectionString, tableName: name, createTableIfMissing: true })
      await backend.read('k')
      const ended = pool.query(end, [name])
      for (let turn = 0; turn < round % 10; turn++) await null
      await backend.close()
      await ended
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  })

  test('without the package pg a connection string gives ERR_SESSION_PEER, saying how to install it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-no-pg-'))
    for (const part of ['base', 'backend/postgres/client.ts', 'backend/postgres/sql.ts']) {
      cpSync(resolve(__dirname, '../../../lib', part), join(folder, part), { recursive: true })
    }
    const code = `
      const { PostgresClient } = require('./backend/postgres/client.ts')
      try { new PostgresClient('postgres://localhost/x') } catch (error) { console.log(error.code, error.message) }`
    assert.deepEqual(await inProcess(code, folder), [
      0,
      'ERR_SESSION_PEER PostgresStore needs the package pg: npm install pg\n',
    ])
    rmSync(folder, { recursive: true })
  })

  test('expired sessions leave by themselves; a removal that fails is told, and tried again', async () => {
    const tableName = freshName()
    let fails = true
    const query = (asked: pg.QueryConfig) =>
      fails && asked.text.startsWith('DELETE') ? Promise.reject(new Error('no')) : pool.query(asked)
    const store = new PostgresStore({
      pool: { query, totalCount: 1 } as never,
      tableName,
      createTableIfMissing: true,
      pruneInterval: 10,
    })
    const told: Error[] = []
    store.on('pruneError', (error) => told.push(error))
    await store.backend.create('gone', { body: '{}', expires: 1 })
    await store.backend.create('stays', { body: '{}', expires: Number.POSITIVE_INFINITY })
    await until('a removal failed twice', async () => told.length > 1)
    assert.equal((told[0] as { code?: string }).code, 'ERR_SESSION_STORE')
    fails = false
    const keys = async () => (await pool.query(`SELECT sid FROM ${tableName}`)).rows.map(({ sid }) => sid)
    await until('the expired one is gone', async () => (await keys()).join() === 'stays')
    await store.close()
  })
})
