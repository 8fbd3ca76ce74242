// The session storage beside a real redis-server with `appendonly yes`, asked by redis-benchmark:
// `npm run bench:storage [-- --rounds 9]`. The two take turns, round by round, so that what else the machine does meets
// both; the median of the rounds is shown. Values differ from write to write, or a server could answer without writing.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startRedis } from '../test/support/servers'

const root = join(__dirname, '..')
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)

const KEYS = '10000'
const VALUE = `${'x'.repeat(280)}:__rand_int__`
const COMMANDS = {
  SET: ['SET', 'key:__rand_int__', VALUE, 'EX', '1800'],
  GET: ['GET', 'key:__rand_int__'],
  HOT: ['SET', 'hot', VALUE, 'EX', '1800'],
}
const CASES = [
  { name: 'SET', command: COMMANDS.SET, pipeline: 1, requests: 20_000, bar: 0.2 },
  { name: 'GET', command: COMMANDS.GET, pipeline: 1, requests: 20_000, bar: 0.9 },
  { name: 'SET', command: COMMANDS.SET, pipeline: 16, requests: 80_000, bar: 0.3 },
  { name: 'GET', command: COMMANDS.GET, pipeline: 16, requests: 160_000, bar: 0.5 },
  { name: 'SET, one hot key', command: COMMANDS.HOT, pipeline: 16, requests: 80_000, bar: undefined },
]

interface Measured {
  /** Requests per second. */
  readonly rate: number
  readonly p99Ms: number
}

function ask(port: number, command: string[], pipeline: number, requests: number): Measured {
  const words = ['-p', `${port}`, '-n', `${requests}`, '-P', `${pipeline}`, '-r', KEYS, '--csv', ...command]
  const output = execFileSync('redis-benchmark', words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  // The command itself may have commas in it; the columns are counted from the end.
  const columns = output.trim().split('\n').at(-1)?.replaceAll('"', '').split(',') ?? []
  const [rate, p99Ms] = [Number(columns.at(-7)), Number(columns.at(-2))]
  if (!(rate > 0 && p99Ms >= 0)) throw new Error(`redis-benchmark said ${output}`)
  return { rate, p99Ms }
}

const median = (numbers: number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0
const shown = (rate: number): string => Math.round(rate).toLocaleString('en')

async function main(): Promise<void> {
  // As it is installed: what tsx adds to functions costs 10 %.
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'lib'], { cwd: root })
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-bench-'))
  const bin = join(root, 'dist/storage/bin.js')
  const storage = spawn(process.execPath, [bin, '--file', join(folder, 's'), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const redis = await startRedis({ appendonly: true, args: ['--appendfsync', 'everysec'] })
  try {
    const [line] = (await once(storage.stdout, 'data')) as [Buffer]
    const ours = Number(/port (\d+)/.exec(String(line))?.[1])
    for (const port of [ours, redis.port]) ask(port, COMMANDS.SET, 16, 50_000)

    console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
    console.log(`50 connections, ${KEYS} keys, values of 293 bytes, ${rounds} rounds; requests per second\n`)
    const rows: Record<string, Record<string, string>> = {}
    for (const { name, command, pipeline, requests, bar } of CASES) {
      const measured: Array<[Measured, Measured]> = []
      for (let round = 0; round < rounds; round++) {
        measured.push([ask(ours, command, pipeline, requests), ask(redis.port, command, pipeline, requests)])
      }
      const storageRate = median(measured.map(([our]) => our.rate))
      const redisRate = median(measured.map(([, their]) => their.rate))
      rows[pipeline === 1 ? name : `${name}, ${pipeline} at a time`] = {
        'sojourn-storage': shown(storageRate),
        'redis-server': shown(redisRate),
        // Of each round by itself: what else the machine does meets both.
        ratio: median(measured.map(([our, their]) => our.rate / their.rate)).toFixed(2),
        bar: bar === undefined ? '' : String(bar),
        'p99 ms': median(measured.map(([our]) => our.p99Ms)).toFixed(1),
        'redis p99 ms': median(measured.map(([, their]) => their.p99Ms)).toFixed(1),
      }
    }
    console.table(rows)
  } finally {
    const ended = once(storage, 'close')
    storage.kill('SIGTERM')
    await ended
    await redis.stop()
    rmSync(folder, { recursive: true })
  }
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
