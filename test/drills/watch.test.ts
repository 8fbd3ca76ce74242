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
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { linkOf } from '../../lib/backend/redis/client'
import { createNodeRedis, OwnRedisClient } from '../../lib/backend/redis/own-client'
import { BackedStore } from '../../lib/store/backed-store'
import { startPostgres, startRedis, withoutPostgres, withoutRedis } from '../support/servers'
import { owner } from '../support/watching'
import { openStore, type StoreAt } from './openers'
import { Ledger, type Report, type WatchTask } from './watch-worker'

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

async function reportsOf(child: ChildProcess): Promise<Report[]> {
  const answer = once(child, 'message')
  child.send('report')
  const [reports] = await answer
  return reports
}

/** The store changes no more; what it has is soon what the ledger has. */
async function compare(store: BackedStore, report: () => Report | Promise<Report>): Promise<void> {
  const ids = Object.keys(await store.all())
  const wanted = ids.map((id) => store.fingerprintOf(id)).sort()
  assert.ok(wanted.length > 5)
  let told = await report()
  for (let tries = 0; tries < 200; tries++) {
    if (JSON.stringify(told.ledger) === JSON.stringify(wanted)) break
    await sleep(25)
    told = await report()
  }
  assert.deepEqual(told, { ledger: wanted, faults: [] })
}

describe('a ledger has the sessions that the store has, whatever happens', () => {
  const there = PLACES.filter(({ skip }) => !skip)
  const children: ChildProcess[] = []
  const stores: BackedStore[] = []
  const ledgers: Ledger[] = []
  let places: Place[] = []
  let frozen: ChildProcess

  before(async () => {
    places = await Promise.all(there.map(({ start }) => start()))
    const ats = places.map(({ at }) => at)
    for (const at of ats) {
      const store = new BackedStore(openStore(at), { owner })
      await store.length()
      stores.push(store)
      ledgers.push(await Ledger.of(store))
    }
    const begin = async (steps?: number) => {
      const child = await start(steps === undefined ? { ats } : { ats, steps })
      children.push(child)
      return child
    }
    const watchers = await Promise.all([begin(), begin()])
    frozen = watchers[0]
    const writers = await Promise.all([begin(STEPS), begin(STEPS)])
    const isThrough = once(writers[0], 'message')
    frozen.kill('SIGSTOP')
    watchers[1].kill('SIGKILL')
    await sleep(30)
    writers[1].kill('SIGKILL')
    await Promise.all(places.map(({ disturb }) => disturb?.()))
    await Promise.all([isThrough, sleep(FROZEN_MS)])
    // Those that live for a moment have ended.
    await sleep(50)
    frozen.kill('SIGCONT')
  })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(stores.map((store) => store.close()))
    await Promise.all(places.map(({ stop }) => stop()))
  })

  for (const [i, { name }] of there.entries()) {
    test(`on ${name}`, async () => {
      await compare(stores[i] as BackedStore, () => ledgers[i]?.report() as Report)
      await compare(stores[i] as BackedStore, async () => (await reportsOf(frozen))[i] as Report)
    })
  }
  for (const { name, skip } of PLACES) if (skip) test(`on ${name}`, { skip }, () => {})
})
