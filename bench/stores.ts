/**
 * `npm run bench:stores`: stores on disk and on servers, each pair side by side in one run: express-session on the
 * store of the field, sojourn on its own. Every connection has a session of its own and one request under way.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres, startRedis } from '../test/support/servers'
import { SMALL_SIZES } from './http/data'
import { type Measured, measureRounds } from './http/rounds'
import { installSqlite } from './http/sqlite'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7)
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 1)
const CONNECTIONS = Number(process.env['BENCH_CONNECTIONS'] ?? 64)
const SIZES = process.env['BENCH_SIZES']?.split(',') ?? SMALL_SIZES
const WORKS = ['unchanged', 'number']
/** A life of an hour, as most applications have: a change sends its cookie. */
const OPTIONS = JSON.stringify({ cookie: { maxAge: 3_600_000 } })

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

function measure(kinds: string[], work: string, size: string, url: string): Promise<Measured[]> {
  const load = { seconds: SECONDS, connections: CONNECTIONS, withCookies: true }
  const env = { BENCH_STORE_URL: url, BENCH_OPTIONS: OPTIONS }
  return measureRounds(kinds, [work, size], load, ROUNDS, { visitors: CONNECTIONS, env })
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
      for (const size of SIZES) {
        for (const work of WORKS) {
          const [bare, a, b] = await measure(['bare', theirs, ours], work, size, store.url)
          if (!bare || !a || !b) continue
          const line = (name: string, { cpuUs, perSecond, p50Us, p99Us }: Measured) =>
            console.log(
              `${size.padEnd(8)}${work.padEnd(11)}${name.padEnd(20)}over ${(cpuUs - bare.cpuUs).toFixed(1).padStart(6)}   p50 ${p50Us.toFixed(0).padStart(6)}   p99 ${p99Us.toFixed(0).padStart(6)}   ${perSecond.toFixed(0).padStart(6)} requests/s`,
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
