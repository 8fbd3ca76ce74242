import { type LoadResult, loadOf, median, onLoadCore, type Server } from './measure'

/** What `crowd.ts` prints. */
export interface CrowdResult {
  /** How long each round took until all requests were answered. */
  roundsMs: number[]
  /** Updates that were answered with success and are not in the session. */
  lost: number
  /** Requests that were answered with an error. */
  failed: number
}

export interface Contention {
  /** Until all requests of a round are answered, with nothing beside them; median. */
  aloneMs: number
  /** What such a round asks of the store. */
  reads: number
  writes: number
  lost: number
  failed: number
  /** The other visitors alone, */
  quiet: LoadResult
  /** beside the parallel requests of one visitor, */
  beside: LoadResult
  /** and beside as many requests of as many visitors: what these cost without any contention. */
  fair: LoadResult
}

/** Those who are measured beside the many. */
export const OTHERS = 16

/** The server has 1 + OTHERS + `count` visitors. @param count requests of one visitor that are under way at once */
export async function contend(
  server: Server,
  count: number,
  rounds: number,
  seconds: number,
): Promise<Contention> {
  const { cookies } = server
  const one = cookies.slice(0, 1)
  const apart = cookies.slice(1 + OTHERS, 1 + OTHERS + count)
  const load = () => loadOf(server.port, { connections: OTHERS, seconds }, cookies.slice(1, 1 + OTHERS))
  // Warms up.
  await crowd(server.port, count, one, rounds)
  const before = await server.usage()
  const { roundsMs, lost, failed } = await crowd(server.port, count, one, rounds)
  const after = await server.usage()
  const quiet = await load()
  const beside = await crowdBeside(server.port, count, one, load)
  const fair = await crowdBeside(server.port, count, apart, load)
  return {
    aloneMs: median(roundsMs),
    // Each round ends with a look at what was lost.
    reads: (after.reads - before.reads) / rounds - 1,
    writes: (after.writes - before.writes) / rounds,
    lost: lost + beside.crowd.lost,
    failed: failed + beside.crowd.failed,
    quiet,
    beside: beside.load,
    fair: fair.load,
  }
}

async function crowd(port: number, count: number, cookies: string[], rounds: number): Promise<CrowdResult> {
  const child = startCrowd(port, count, cookies, rounds)
  return JSON.parse((await child.output).split('\n', 2)[1] ?? '')
}

/** What a load measures while the crowd asks again and again. */
async function crowdBeside(
  port: number,
  count: number,
  cookies: string[],
  measure: () => Promise<LoadResult>,
): Promise<{ crowd: CrowdResult; load: LoadResult }> {
  const child = startCrowd(port, count, cookies)
  await child.ready
  const load = await measure()
  child.end()
  return { crowd: JSON.parse((await child.output).split('\n', 2)[1] ?? ''), load }
}

function startCrowd(port: number, count: number, cookies: string[], rounds?: number) {
  const child = onLoadCore('crowd.ts', [`${port}`, `${count}`, cookies.join('|'), `${rounds ?? ''}`])
  let text = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (data) => {
      text += data
      resolve()
    })
  })
  const output = new Promise<string>((resolve, reject) => {
    child.on('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`the crowd ended with ${code}`)),
    )
  })
  return { ready, output, end: () => child.stdin.end() }
}
