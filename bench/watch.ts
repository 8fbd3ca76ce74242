/**
 * `npm run bench:watch`: how long after its acknowledgement a change is told in another process, with 1, 1,000 and
 * 100,000 watched sessions, and what a changed session costs the writer with nobody watching and with 1,000 watched.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres, startRedis } from '../test/support/servers'
import { BODY, openStore, type WatchPlace } from './watch-one'

const SIZES = (process.env['BENCH_WATCHED'] ?? '1,1000,100000').split(',').map(Number)
const CHANGES = Number(process.env['BENCH_CHANGES'] ?? 400)
const COSTED = Number(process.env['BENCH_COSTED'] ?? 20_000)
const BAR_MS = 250

interface Kind {
  name: WatchPlace['store']
  start(): Promise<{ url: string; stop(): unknown }>
}

const KINDS: Kind[] = [
  {
    name: 'LmdbStore',
    async start() {
      const folder = mkdtempSync(join(tmpdir(), 'sojourn-bench-'))
      return { url: join(folder, 'sessions'), stop: () => rmSync(folder, { recursive: true }) }
    },
  },
  { name: 'RedisStore', start: startRedis },
  { name: 'PostgresStore', start: startPostgres },
]

async function watcher(place: WatchPlace, ids: number | 'all'): Promise<ChildProcess> {
  const child = fork(require.resolve('./watch-one'), { execArgv: ['--import', require.resolve('tsx')] })
  child.send({ place, ids })
  await once(child, 'message')
  return child
}

const percentile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** @returns delays in milliseconds, by one clock: both processes are on this machine */
async function delays(place: WatchPlace, size: number): Promise<number[]> {
  const store = openStore(place)
  const child = await watcher(place, size)
  const acknowledged = new Map<number, number>()
  const found: number[] = []
  child.on('message', ({ n, at }: { n: number; at: number }) => {
    const since = acknowledged.get(n)
    // One that is told before its acknowledgement has come was not late.
    found.push(since === undefined ? 0 : Math.max(0, at - since))
  })
  for (let n = 1; n <= CHANGES; n++) {
    await store.set(`s${n % size}`, BODY(n) as never)
    acknowledged.set(n, performance.timeOrigin + performance.now())
    await new Promise((done) => setTimeout(done, 5 + Math.random() * 10))
  }
  await new Promise((done) => setTimeout(done, 500))
  child.kill()
  await store.close()
  return found.sort((a, b) => a - b)
}

/** @returns CPU microseconds of the writer for a change */
async function cost(place: WatchPlace, size: number): Promise<number> {
  const child = size > 0 ? await watcher(place, size) : undefined
  const store = openStore(place)
  const rounds: number[] = []
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    for (let n = 0; n < COSTED / 5; n += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.set(`s${(n + i) % 1000}`, BODY(n) as never)),
      )
    }
    const { user, system } = process.cpuUsage(before)
    rounds.push((user + system) / (COSTED / 5))
  }
  child?.kill()
  await store.close()
  return Math.min(...rounds)
}

async function main(): Promise<void> {
  const kinds = KINDS.filter(({ name }) => name.startsWith(process.env['BENCH_STORE'] ?? ''))
  for (const { name, start } of kinds) {
    const started = await start()
    const { url } = started
    const place = { store: name, url }
    try {
      const store = openStore(place)
      for (let n = 0; n < Math.max(1000, ...SIZES); n += 500) {
        await Promise.all(Array.from({ length: 500 }, (_, i) => store.set(`s${n + i}`, BODY(0) as never)))
      }
      await store.close()
      const [alone, watched] = [await cost(place, 0), await cost(place, 1000)]
      console.log(
        `${name.padEnd(14)}CPU of the writer for a change: ${alone.toFixed(1)} µs, with 1,000 watched sessions ${watched.toFixed(1)} µs`,
      )
      for (const size of SIZES) {
        const sorted = await delays(place, size)
        const p99 = percentile(sorted, 0.99)
        console.log(
          `${name.padEnd(14)}${String(size).padStart(7)} watched   told ${sorted.length} times of ${CHANGES} changes   p50 ${percentile(sorted, 0.5).toFixed(1).padStart(6)} ms   p99 ${p99.toFixed(1).padStart(6)} ms   bar ${BAR_MS} ms ${p99 < BAR_MS ? 'held' : 'MISSED'}`,
        )
      }
    } finally {
      await started.stop()
    }
  }
}

main()
