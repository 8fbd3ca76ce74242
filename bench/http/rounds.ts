import { type Load, median, type Sample, Server, type ServerOptions } from './measure'

export interface Measured extends Sample {
  /** Half of the distance from the lowest to the highest CPU time without one outlier each, in microseconds. */
  spreadUs: number
}

/**
 * Servers of several kinds under the same load, in interleaved rounds, so that a drift of the machine meets all of
 * them. The first round warms up and does not count.
 *
 * @returns medians by kind, in the order of `kinds`
 */
export async function measureRounds(
  kinds: readonly string[],
  [work, size]: [work: string, size: string],
  load: Load,
  rounds: number,
  options: ServerOptions = {},
): Promise<Measured[]> {
  const servers: Server[] = []
  const samples: Sample[][] = kinds.map(() => [])
  try {
    for (const kind of kinds) servers.push(await Server.start([kind, work, size], options))
    for (let round = 0; round <= rounds; round++) {
      for (const [i, server] of servers.entries()) {
        const sample = await server.load(load)
        if (round > 0) samples[i]?.push(sample)
      }
    }
  } finally {
    for (const server of servers) await server.stop()
  }
  return samples.map(middle)
}

function middle(samples: Sample[]): Measured {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  const cpu = samples.map((s) => s.cpuUs).sort((a, b) => a - b)
  // Of few rounds all count.
  const outliers = cpu.length < 5 ? 0 : 1
  const low = cpu[outliers] ?? 0
  const high = cpu[cpu.length - 1 - outliers] ?? 0
  return {
    cpuUs: of((s) => s.cpuUs),
    perSecond: of((s) => s.perSecond),
    p50Us: of((s) => s.p50Us),
    p99Us: of((s) => s.p99Us),
    spreadUs: Math.abs(high - low) / 2,
  }
}
