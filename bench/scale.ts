// Backends by number of sessions: `npm run bench:scale [-- --full]`. `--full` adds 10 million to 10 thousand,
// 100 thousand and 1 million; it needs some 10 GB of disk, 12 GB of memory and half an hour. SCALE_DIR says where.
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Percentiles, ScaleResult } from './scale-one'

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    sizes: { type: 'string' },
    backends: { type: 'string', default: 'lmdb,memory' },
  },
})
const sizes = values.sizes?.split(',').map(Number) ?? [1e4, 1e5, 1e6, ...(values.full ? [1e7] : [])]

const round = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
const pair = ({ p50, p99 }: Percentiles) => `${round(p50)} / ${round(p99)}`

function measure(backend: string, size: number): ScaleResult {
  // Room for ten million records in the memory of the process.
  const flags = ['--expose-gc', '--max-old-space-size=16000', '--import', 'tsx']
  const output = execFileSync(process.execPath, [
    ...flags,
    join(__dirname, 'scale-one.ts'),
    backend,
    String(size),
  ])
  return JSON.parse(String(output))
}

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; sessions of about 200 bytes\n`)
for (const backend of values.backends.split(',')) {
  const rows: Record<string, Record<string, string>> = {}
  const getP50: number[] = []
  for (const size of sizes) {
    const result = measure(backend, size)
    getP50.push(result.getUs.p50)
    rows[`${size.toLocaleString('en')} sessions`] = {
      'bytes each': round(result.bytesPerSession),
      'fill/s': round(result.fillPerSecond),
      'get µs p50 / p99': pair(result.getUs),
      'record µs': pair(result.readUs),
      'lone commit µs': pair(result.loneCommitUs),
      '64 writers µs': pair(result.groupedCommitUs),
      'commits/s': round(result.groupedPerSecond),
      'pruned/s': round(result.prunePerSecond),
      'prune pause ms': `${round(result.prunePauseMs)} (idle ${round(result.idlePauseMs)})`,
      'restart ms': result.restartMs === undefined ? '–' : round(result.restartMs),
    }
  }
  console.log(backend)
  console.table(rows)
  const [first = 0, last = 0] = [getP50[0], getP50.at(-1)]
  console.log(`get p50 of the largest is ${(last / first).toFixed(2)} times that of the smallest (bar: 2)\n`)
}
