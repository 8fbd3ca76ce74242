/**
 * `npm run bench:contention`: 1, 10, 100 and 500 parallel requests that change one session of 20 kB, each a key of its
 * own, beside 16 other visitors with sessions of that size; express-session on the stores of the field, sojourn on its
 * own. BENCH_STORE, BENCH_COUNTS, BENCH_ROUNDS and BENCH_SECONDS narrow it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres, startRedis } from '../test/support/servers'
import { type Contention, contend, OTHERS } from './http/contend'
import { Server } from './http/measure'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 1)
const COUNTS = (process.env['BENCH_COUNTS'] ?? '1,10,100,500').split(',').map(Number)
/** Others wait at most so many times as long as beside as many requests of different visitors. */
const BAR = 3

interface Pair {
  words: string
  theirs: string
  ours: string
  start(): Promise<{ url: string; stop(): Promise<void> }>
}

async function startFolder(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = await mkdtemp(join(tmpdir(), 'sojourn-bench-'))
  return { url, stop: () => rm(url, { recursive: true, force: true }) }
}

const PAIRS: Pair[] = [
  { words: 'MemoryStore', theirs: 'express-session', ours: 'sojourn', start: startFolder },
  { words: 'LmdbStore', theirs: 'session-file-store', ours: 'LmdbStore', start: startFolder },
  { words: 'RedisStore', theirs: 'connect-redis', ours: 'RedisStore', start: startRedis },
  { words: 'PostgresStore', theirs: 'connect-pg-simple', ours: 'PostgresStore', start: startPostgres },
].filter(({ words }) => words.startsWith(process.env['BENCH_STORE'] ?? ''))

const ms = (us: number): string => (us / 1000).toFixed(1).padStart(8)
const number = (value: number, width: number, digits = 0): string => value.toFixed(digits).padStart(width)

function row(kind: string, count: number, seen: Contention): string {
  const { quiet, beside, fair } = seen
  const [ratio, ofQuiet] = [beside.p99Us / fair.p99Us, beside.p99Us / quiet.p99Us]
  return [
    `${kind.padEnd(19)}${number(count, 4)}`,
    `${number(seen.aloneMs, 8, 1)} ${number(seen.aloneMs / count, 7, 2)}`,
    `${number(seen.reads, 6)} ${number(seen.writes, 6)}`,
    `${number(seen.lost, 6)} ${number(seen.failed, 6)}`,
    `${ms(quiet.p50Us)} ${ms(quiet.p99Us)}`,
    `${ms(beside.p50Us)} ${ms(beside.p99Us)}`,
    `${ms(fair.p50Us)} ${ms(fair.p99Us)}`,
    `${number(ratio, 6, 2)} ${number(ofQuiet, 7, 2)}`,
  ].join(' | ')
}

async function measure(kind: string, url: string): Promise<number> {
  const visitors = 1 + OTHERS + Math.max(...COUNTS)
  const server = await Server.start([kind, 'own key', '20 kB'], {
    visitors,
    env: { BENCH_STORE_URL: url },
  })
  let worst = 0
  try {
    for (const count of COUNTS) {
      const seen = await contend(server, count, ROUNDS, SECONDS)
      worst = Math.max(worst, seen.beside.p99Us / seen.fair.p99Us)
      console.log(row(kind, count, seen))
    }
  } finally {
    await server.stop()
  }
  return worst
}

async function main(): Promise<void> {
  console.log(
    `${ROUNDS} rounds of N parallel requests of one visitor, then ${OTHERS} others for ${SECONDS} s: alone, beside`,
  )
  console.log(
    'such rounds without a pause, and beside as many requests of N different visitors, which is the floor.',
  )
  console.log(
    'round: ms until all N are answered (median), and for each request; reads and writes of the store in a',
  )
  console.log(
    'round; lost: updates that were answered with success and are not in the session; failed: answers but 200;',
  )
  console.log(
    `others: p50 and p99, ms; ratio: p99 beside one visitor over the floor (at most ${BAR}), and over alone`,
  )
  const head =
    'kind                  N |    round    each |  reads writes |   lost failed | others p50     p99 | one: p50      p99 | N: p50        p99 |  ratio of alone'
  let worst = 0
  for (const { words, theirs, ours, start } of PAIRS) {
    console.log(`\n${words}\n${head}`)
    const store = await start()
    try {
      await measure(theirs, store.url)
      worst = Math.max(worst, await measure(ours, store.url))
    } finally {
      await store.stop()
    }
  }
  console.log(
    `\nothers waited at most ${worst.toFixed(2)} times as long for one visitor as for as many; bar: ${BAR}`,
  )
}

main()
