/**
 * `npm run bench:engine`: SessionEngine beside `session()` on the same work, in one run. What counts is the ratio
 * of their overheads over bare Connect.
 */
import { ENGINE_KINDS } from './http/engines'
import { measureRounds } from './http/rounds'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7)
const LOAD = { seconds: Number(process.env['BENCH_SECONDS'] ?? 1), connections: 16, withCookies: true }

async function main(): Promise<void> {
  console.log('0.1 kB: CPU time of the server process per request over bare Connect (microseconds)\n')
  for (const work of ['unchanged', 'number']) {
    const measured = await measureRounds(ENGINE_KINDS, [work, '0.1 kB'], LOAD, ROUNDS)
    const cpuUs = new Map(ENGINE_KINDS.map((kind, i) => [kind, measured[i]?.cpuUs ?? Number.NaN]))
    const over = (kind: (typeof ENGINE_KINDS)[number]) => (cpuUs.get(kind) ?? 0) - (cpuUs.get('bare') ?? 0)
    for (const storage of ['plain store', 'MemoryStore'] as const) {
      const theirs = storage === 'plain store' ? 'engine, handlers' : 'engine, MemoryStore'
      const [session, engine] = [over(`session, ${storage}`), over(theirs)]
      console.log(
        `${work.padEnd(10)} session(), ${storage}: ${session.toFixed(1).padStart(5)}   ` +
          `${theirs}: ${engine.toFixed(1).padStart(5)}   engine / session(): ${(engine / session).toFixed(2)}`,
      )
    }
  }
}

main()
