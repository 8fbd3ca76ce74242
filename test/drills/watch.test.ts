/**
 * A ledger of what `store.watch` tells, in processes that are frozen, while others work and are killed: in the end it
 * has the very sessions that the store has. `WATCH_STEPS=20000` for a minute's work, `WATCH_FROZEN_MS=20000` for a long sleep.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { linkOf } from '../../lib/backend/redis/client'
import { createNodeRedis, OwnRedisClient } from '../../lib/backend/redis/own-client'
import { BackedStore } from '../../lib/store/backed-store'
import { startPostgres, startRedis, withoutPostgres, withoutRedis } from '../support/servers'
import { owner } from '../support/watching'
import { openStore, type StoreAt } from './openers'
import { Ledger, type WatchTask } from './watch-worker'

const STEPS = Number(process.env['WATCH_STEPS'] ?? 150)
/** Longer than a watcher of LMDB may stall without reading again. */
const FROZEN_MS = Number(process.env['WATCH_FROZEN_MS'] ?? 3200)

interface Place {
  at: StoreAt
  /** Cuts off who watches, where that can be done. */
  disturb?(): Promise<unknown>
  stop(): unknown
}

const PLACES: Array<{ name: string; skip: string | false; start(): Promise<Place> }> = [
  {
    name: 'LMDB',
    skip: false,
    async start() {
      const folder = mkdtempSync(join(tmpdir(), 'sojourn-watch-'))
      const at: StoreAt = { store: 'lmdb', options: { path: join(folder, 'sessions') } }
      return { at, stop: () => rmSync(folder, { recursive: true }) }
    },
  },
  {
    name: 'Redis, whose tracking connections are cut',
    skip: withoutRedis(),
    async start() {
      const server = await startRedis()
      const { link, close } = connectionTo(server.url)
      const disturb = async () => {
        await link.send('', ['CLIENT', 'KILL', 'TYPE', 'pubsub'])
        await close()
      }
      const at: StoreAt = { store: 'redis', options: { url: server.url, owners: true } }
      return { at, disturb, stop: () => server.stop() }
    },
  },
  {
    name: 'Postgres, which breaks off who listens',
    skip: withoutPostgres(),
    async start() {
      const server = await startPostgres()
      const pool = new pg.Pool({ connectionString: server.url })
      const disturb = async () => {
        await pool.query(
          "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'",
        )
        await pool.end()
      }
      const options = { connectionString: server.url, tableName: 'watched', owners: true }
      return { at: { store: 'postgres', options }, disturb, stop: () => server.stop() }
    },
  },
]

function connectionTo(url: string) {
  const client = new OwnRedisClient(createNodeRedis({ url }))
  return { link: linkOf(client), close: () => client.close() }
}

async function start(task: WatchTask): Promise<ChildProcess> {
  const child = fork(require.resolve('./watch-worker'), { execArgv: ['--import', require.resolve('tsx')] })
  child.send(task)
  await once(child, 'message')
  return child
}

async function ledgerOf(child: ChildProcess): Promise<{ ledger: string[]; faults: string[] }> {
  const answer = once(child, 'message')
  child.send('report')
  const [told] = await answer
  return told
}

describe('a ledger has the sessions that the store has, whatever happens', { concurrency: true }, () => {
  for (const { name, skip, start: place } of PLACES) {
    test(`on ${name}`, { skip }, async (t) => {
      const { at, disturb, stop } = await place()
      const store = new BackedStore(openStore(at), { owner })
      const children: ChildProcess[] = []
      t.after(async () => {
        for (const child of children) child.kill('SIGKILL')
        await store.close()
        await stop()
      })
      await store.length()
      const watchers = await Promise.all([start({ at }), start({ at })])
      children.push(...watchers)
      const [frozen, killed] = watchers as [ChildProcess, ChildProcess]
      const here = await Ledger.of(store)
      const begin = () => start({ at, steps: STEPS })
      const writers = await Promise.all([begin(), begin()])
      children.push(...writers)
      frozen.kill('SIGSTOP')
      killed.kill('SIGKILL')
      const isThrough = once(writers[1] as ChildProcess, 'message')
      await sleep(30)
      writers[0]?.kill('SIGKILL')
      await disturb?.()
      await Promise.all([isThrough, sleep(FROZEN_MS)])
      frozen.kill('SIGCONT')
      for (const read of [() => here.report(), () => ledgerOf(frozen)]) {
        let wanted: string[] = []
        let told = await read()
        for (let tries = 0; tries < 200; tries++) {
          wanted = Object.keys(await store.all())
            .map((id) => store.fingerprintOf(id))
            .sort()
          told = await read()
          if (JSON.stringify(told.ledger) === JSON.stringify(wanted)) break
          await sleep(25)
        }
        assert.deepEqual(told, { ledger: wanted, faults: [] })
        assert.ok(wanted.length > 5)
      }
    })
  }
})
