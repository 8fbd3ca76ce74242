/**
 * `npm run bench:engine`: SessionEngine beside `session()` on the same work, in one run. What counts is the ratio
 * of their overheads over bare Connect.
 */
import { ENGINE_KINDS } from './http/engines'
import { median, Server } from './http/measure'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7)
const ROUND_MS = Number(process.env['BENCH_MS'] ?? 700)

async function main(): Promise<void> {
  console.log('0.1 kB: CPU time of the server process per request over bare Connect (microseconds)\n')
  for (const work of ['unchanged', 'changed']) {
    const servers = new Map<string, Server>()
    for (const kind of ENGINE_KINDS) servers.set(kind, await Server.start([kind, work, '100']))
    const samples = new Map<string, number[]>(ENGINE_KINDS.map((kind) => [kind, []]))
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [kind, server] of servers) {
        const { cpuUs } = await server.load(ROUND_MS, true)
        if (round > 0) samples.get(kind)?.push(cpuUs)
      }
    }
    for (const server of servers.values()) await server.stop()
    const of = (kind: (typeof ENGINE_KINDS)[number]) => median(samples.get(kind) ?? [])
    const over = (kind: (typeof ENGINE_KINDS)[number]) => of(kind) - of('bare')
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
