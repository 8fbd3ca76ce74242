/**
 * `npm run bench:stores`: stores on disk and on servers, each pair side by side in one run: express-session on the
 * store of the field, sojourn on its own. Every connection has a session of its own and one request under way.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres, startRedis } from '../test/support/servers'
import { median, type Sample, Server } from './http/measure'
import { installSqlite } from './http/sqlite'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7)
const ROUND_MS = Number(process.env['BENCH_MS'] ?? 500)
const CONNECTIONS = Number(process.env['BENCH_CONNECTIONS'] ?? 64)
const SIZES = (process.env['BENCH_SIZES'] ?? '100,1000').split(',').map(Number)
const WORKS = ['unchanged', 'changed']

interface Pair {
  /** @returns why it cannot be measured here */
  missing?: () => string | undefined
  theirs: string
  ours: string
  start(): Promise<{ url: string; stop(): Promise<void> }>
}

/** For stores that need no server: a folder of their own. */
async function startFolder(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = await mkdtemp(join(tmpdir(), 'sojourn-bench-'))
  return { url, stop: () => rm(url, { recursive: true, force: true }) }
}

const PAIRS: Pair[] = [
  // On disk, against express-session's store in memory.
  { theirs: 'express-session', ours: 'LmdbStore', start: startFolder },
  { theirs: 'better-sqlite3-session-store', ours: 'LmdbStore', start: startFolder, missing: installSqlite },
  { theirs: 'session-file-store', ours: 'LmdbStore', start: startFolder },
  { theirs: 'connect-redis', ours: 'RedisStore', start: startRedis },
  { theirs: 'connect-redis', ours: 'RedisStore, near cache', start: startRedis },
  { theirs: 'connect-pg-simple', ours: 'PostgresStore', start: startPostgres },
].filter(({ ours }) => ours.startsWith(process.env['BENCH_STORE'] ?? ''))

async function measure(kinds: string[], work: string, bytes: number, url: string) {
  const servers: Server[] = []
  const samples: Sample[][] = kinds.map(() => [])
  try {
    for (const kind of kinds)
      servers.push(await Server.start([kind, work, String(bytes)], CONNECTIONS, { BENCH_STORE_URL: url }))
    // Round 0 warms up. Kinds take turns, so that a drift of the machine meets all of them.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, server] of servers.entries()) {
        const sample = await server.load(ROUND_MS, true, CONNECTIONS, 1)
        if (round > 0) samples[i]?.push(sample)
      }
    }
  } finally {
    for (const server of servers) await server.stop()
  }
  return samples.map((list) => {
    const of = (pick: (sample: Sample) => number) => median(list.map(pick))
    return {
      cpuUs: of((s) => s.cpuUs),
      perSecond: of((s) => s.perSecond),
      p50Us: of((s) => s.p50Us),
      p99Us: of((s) => s.p99Us),
    }
  })
}

async function main(): Promise<void> {
  console.log(
    'CPU time of the web server per request over bare Connect, and what visitors wait (microseconds)\n',
  )
  for (const { theirs, ours, start, missing } of PAIRS) {
    const why = missing?.()
    if (why) {
      console.log(`${theirs} is not measured: ${why}\n`)
      continue
    }
    const store = await start()
    try {
      for (const bytes of SIZES) {
        for (const work of WORKS) {
          const [bare, a, b] = await measure(['bare', theirs, ours], work, bytes, store.url)
          if (!bare || !a || !b) continue
          const line = (name: string, { cpuUs, perSecond, p50Us, p99Us }: Sample) =>
            console.log(
              `${`${bytes / 1000} kB`.padEnd(8)}${work.padEnd(11)}${name.padEnd(20)}over ${(cpuUs - bare.cpuUs).toFixed(1).padStart(6)}   p50 ${p50Us.toFixed(0).padStart(6)}   p99 ${p99Us.toFixed(0).padStart(6)}   ${perSecond.toFixed(0).padStart(6)} requests/s`,
            )
          line(theirs, a)
          line(ours, b)
          console.log(
            `${''.padEnd(19)}overhead ${((b.cpuUs - bare.cpuUs) / (a.cpuUs - bare.cpuUs)).toFixed(2)} of theirs\n`,
          )
        }
      }
    } finally {
      await store.stop()
    }
  }
}

main()
