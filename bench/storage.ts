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
}
const CASES = [
  { name: 'SET', command: COMMANDS.SET, pipeline: 1, requests: 20_000 },
  { name: 'GET', command: COMMANDS.GET, pipeline: 1, requests: 20_000 },
  { name: 'SET', command: COMMANDS.SET, pipeline: 16, requests: 80_000 },
  { name: 'GET', command: COMMANDS.GET, pipeline: 16, requests: 160_000 },
]

/** @returns requests per second */
function ask(port: number, command: string[], pipeline: number, requests: number): number {
  const words = ['-p', `${port}`, '-n', `${requests}`, '-P', `${pipeline}`, '-r', KEYS, '--csv', ...command]
  const output = execFileSync('redis-benchmark', words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const rate = Number(output.trim().split('\n').at(-1)?.split('","')[1])
  if (!(rate > 0)) throw new Error(`redis-benchmark said ${output}`)
  return rate
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
    for (const { name, command, pipeline, requests } of CASES) {
      const rates: Array<[number, number]> = []
      for (let round = 0; round < rounds; round++) {
        rates.push([ask(ours, command, pipeline, requests), ask(redis.port, command, pipeline, requests)])
      }
      const [storageRate, redisRate] = [median(rates.map(([a]) => a)), median(rates.map(([, b]) => b))]
      rows[pipeline === 1 ? name : `${name}, ${pipeline} at a time`] = {
        'sojourn-storage': shown(storageRate),
        'redis-server': shown(redisRate),
        ratio: (storageRate / redisRate).toFixed(2),
      }
    }
    console.table(rows)
    console.log('bar: a third of the rate of redis-server (0.33)')
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
