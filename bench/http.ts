/**
 * `npm run bench:http`: bare Connect, express-session and sojourn side by side in one run, each with its own memory
 * store, on nested sessions made from a seed. What counts is the overhead over bare Connect and its ratio: absolute
 * times drift from run to run. BENCH_ROUNDS, BENCH_SECONDS, BENCH_SIZES, BENCH_WORKS and BENCH_SETTINGS narrow it.
 */
import type { Size } from './http/data'
import { KINDS } from './http/kinds'
import { Server } from './http/measure'
import { type Measured, measureRounds } from './http/rounds'
import { isNewcomers, WORKS, type Work } from './http/works'
import { HAS_WRK } from './http/wrk'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 1)
const CONNECTIONS = 16
const VISITORS = 64
/** Enough new space that a few hundred requests are served without a collection. */
const ROOM_FLAGS = ['--expose-gc', '--max-semi-space-size=512', '--min-semi-space-size=512']
const HOUR_MS = 3_600_000

const wanted = (name: string, all: readonly string[]): string[] => process.env[name]?.split(',') ?? [...all]
const sizes = wanted('BENCH_SIZES', ['0.1 kB', '0.5 kB', '2 kB', '10 kB', '100 kB']) as Size[]
const works = wanted('BENCH_WORKS', WORKS) as Work[]

interface Setting {
  name: string
  words: string
  options: object
  sizes: Size[]
  works: Work[]
  visitors: number
}

const LEAN = { resave: false, saveUninitialized: false }
const few = sizes.filter((size) => size === '0.1 kB' || size === '2 kB')
const SETTINGS: Setting[] = [
  {
    name: 'life',
    words: 'a life of an hour: a change sends its cookie; each visitor with a cookie of his own',
    options: { ...LEAN, cookie: { maxAge: HOUR_MS } },
    sizes,
    works,
    visitors: VISITORS,
  },
  {
    name: 'nolife',
    words: 'no life: the cookie ends with the browser',
    options: LEAN,
    sizes: few,
    works,
    visitors: VISITORS,
  },
  {
    name: 'one',
    words: 'a life of an hour, all connections with one cookie',
    options: { ...LEAN, cookie: { maxAge: HOUR_MS } },
    sizes: few,
    works: works.filter((work) => work === 'unchanged' || work === 'number'),
    visitors: 1,
  },
].filter(({ name }) => wanted('BENCH_SETTINGS', [name]).includes(name))

async function allocations(work: Work, size: Size, env: Record<string, string>): Promise<number[]> {
  const bytes: number[] = []
  for (const kind of KINDS) {
    const server = await Server.start([kind, work, size], { env, flags: ROOM_FLAGS })
    bytes.push(await server.allocated(size === '100 kB' ? 100 : 400, !isNewcomers(work)))
    await server.stop()
  }
  return bytes
}

const right = (value: number | string, width: number, digits = 0): string =>
  (typeof value === 'number' ? value.toFixed(digits) : value).padStart(width)

function row(size: Size, work: Work, [bare, theirs, ours]: Measured[], bytes: number[]): string {
  if (!bare || !theirs || !ours) throw new Error('a kind was not measured')
  const [a, b] = [theirs.cpuUs - bare.cpuUs, ours.cpuUs - bare.cpuUs]
  const over = (own: number | undefined) => right(((own ?? 0) - (bytes[0] ?? 0)) / 1000, 6, 1)
  const rates = [theirs.perSecond, ours.perSecond]
  return [
    `${size.padEnd(7)}${work.padEnd(12)}`,
    `${right(bare.cpuUs, 6, 1)} ±${right(bare.spreadUs, 4, 1)}`,
    `${right(a, 6, 1)} ±${right(theirs.spreadUs, 4, 1)} ${right(b, 6, 1)} ±${right(ours.spreadUs, 4, 1)} ${right(`1/${(a / b).toFixed(1)}`, 7)}`,
    `${rates.map((rate) => right(rate, 6)).join(' ')} ${right(ours.perSecond / theirs.perSecond, 5, 2)} ${right(bare.perSecond / theirs.perSecond, 5, 2)}`,
    `${right(theirs.p50Us, 6)} ${right(theirs.p99Us, 6)} ${right(ours.p50Us, 6)} ${right(ours.p99Us, 6)}`,
    `${over(bytes[1])} ${over(bytes[2])}`,
  ].join(' | ')
}

async function main(): Promise<void> {
  const load = HAS_WRK ? 'wrk' : 'our own client, since wrk is not installed'
  console.log(`${load}: ${CONNECTIONS} connections; medians of ${ROUNDS} interleaved rounds of ${SECONDS} s`)
  console.log(
    'cpu: of the server process per request, µs; over: above bare Connect, express-session and sojourn;',
  )
  console.log(
    'free: how many times the requests/s of express-session bare Connect serves, without any session;',
  )
  console.log('kB: allocated per request above bare Connect')
  for (const setting of SETTINGS) {
    console.log(`\n${setting.words}`)
    console.log(
      'size   work         | bare cpu     | over es      sojourn       ratio   | req/s es   our ratio  free | p50 es    p99    our    p99 |  kB es    our',
    )
    const env = { BENCH_OPTIONS: JSON.stringify(setting.options) }
    for (const size of setting.sizes) {
      for (const work of setting.works) {
        const load = { seconds: SECONDS, connections: CONNECTIONS, withCookies: !isNewcomers(work) }
        const options = { visitors: setting.visitors, env }
        const measured = await measureRounds(KINDS, [work, size], load, ROUNDS, options)
        console.log(row(size, work, measured, await allocations(work, size, env)))
      }
    }
  }
}

main()
