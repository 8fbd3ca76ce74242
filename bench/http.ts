/**
 * `npm run bench`: bare Connect, express-session and sojourn side by side in one run, each with its own memory
 * store. What counts is the overhead over bare Connect and its ratio: absolute times drift from run to run.
 */
import { KINDS } from './http/kinds'
import { median, type Sample, Server } from './http/measure'
import { WORKS, type Work } from './http/works'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)
const ROUND_MS = Number(process.env['BENCH_MS'] ?? 1000)
const SIZES = (process.env['BENCH_SIZES'] ?? '100,1000,10000,100000').split(',').map(Number)
/** The first is what Connect's manual shows and most applications run; the second leaves out what they need not do. */
const SETTINGS = [
  { words: 'default options and a life, as in the manual: { secret, cookie: { maxAge } }', sizes: SIZES },
  { words: '{ secret, resave: false, saveUninitialized: false }', sizes: SIZES.slice(0, 1) },
].map((setting, i) => ({
  ...setting,
  options: i === 0 ? { resave: true, saveUninitialized: true, cookie: { maxAge: 3_600_000 } } : {},
}))
const ONLY = process.env['BENCH_WORKS']?.split(',')

async function measureCase(work: Work, bytes: number, options: object): Promise<Record<string, Sample>> {
  const servers = new Map<string, Server>()
  for (const kind of KINDS)
    servers.set(
      kind,
      await Server.start([kind, work, String(bytes)], 1, { BENCH_OPTIONS: JSON.stringify(options) }),
    )
  const samples = new Map<string, Sample[]>(KINDS.map((kind) => [kind, []]))
  // Round 0 warms up. Kinds take turns, so that a drift of the machine meets all of them.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [kind, server] of servers) {
      const sample = await server.load(ROUND_MS, work !== 'new visitor')
      if (round > 0) samples.get(kind)?.push(sample)
    }
  }
  for (const server of servers.values()) await server.stop()
  return Object.fromEntries([...samples].map(([kind, list]) => [kind, middle(list)]))
}

function middle(samples: Sample[]): Sample {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  return {
    cpuUs: of((s) => s.cpuUs),
    perSecond: of((s) => s.perSecond),
    p50Us: of((s) => s.p50Us),
    p99Us: of((s) => s.p99Us),
  }
}

async function main(): Promise<void> {
  console.log('CPU time of the server process per request, and what it is over bare Connect (microseconds)\n')
  for (const { words, sizes, options } of SETTINGS) {
    console.log(`\n${words}`)
    console.log(
      'session   work          | bare cpu | express-session cpu  over | sojourn cpu  over | overhead es/sojourn | requests/s es  sojourn  ratio',
    )
    for (const bytes of sizes) {
      for (const work of WORKS) {
        if (ONLY && !ONLY.includes(work)) continue
        const {
          bare,
          'express-session': theirs,
          sojourn: ours,
        } = (await measureCase(work, bytes, options)) as Record<string, Sample>
        if (!bare || !theirs || !ours) continue
        const [a, b] = [theirs.cpuUs - bare.cpuUs, ours.cpuUs - bare.cpuUs]
        console.log(
          [
            `${bytes / 1000} kB`.padEnd(9),
            work.padEnd(13),
            '|',
            bare.cpuUs.toFixed(1).padStart(8),
            '|',
            theirs.cpuUs.toFixed(1).padStart(19),
            a.toFixed(1).padStart(5),
            '|',
            ours.cpuUs.toFixed(1).padStart(11),
            b.toFixed(1).padStart(5),
            '|',
            (a / b).toFixed(1).padStart(19),
            '|',
            theirs.perSecond.toFixed(0).padStart(13),
            ours.perSecond.toFixed(0).padStart(8),
            (ours.perSecond / theirs.perSecond).toFixed(2).padStart(6),
          ].join(' '),
        )
      }
    }
  }
}

main()
