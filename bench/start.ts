/**
 * `npm run bench:start`: what a cold process takes to load each entry of the built package, beside express-session.
 * In a function that starts per request this is what visitors wait for.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { median } from './http/measure'

const PROCESSES = Number(process.env['BENCH_PROCESSES'] ?? 9)
const root = join(__dirname, '..')
const { exports: subpaths } = require('../package.json') as {
  exports: Record<string, { default?: string }>
}
const entries = Object.entries(subpaths).flatMap(([name, { default: file }]) =>
  file ? [[name.replace('.', 'sojourn'), join(root, file)] as const] : [],
)
const SUBJECTS = [['express-session', require.resolve('express-session')] as const, ...entries]

const SCRIPT = `
  const before = process.hrtime.bigint()
  require(process.argv[1])
  const ms = Number(process.hrtime.bigint() - before) / 1e6
  console.log(JSON.stringify({ ms, files: Object.keys(require.cache).length }))`

function load(file: string): { ms: number; files: number } {
  return JSON.parse(execFileSync(process.execPath, ['-e', SCRIPT, file], { encoding: 'utf8' }))
}

// Subjects take turns, so that a drift of the machine meets all of them; the first round warms the disk's cache.
const times = new Map<string, number[]>(SUBJECTS.map(([name]) => [name, []]))
const files = new Map<string, number>()
for (let round = 0; round <= PROCESSES; round++) {
  for (const [name, file] of SUBJECTS) {
    const loaded = load(file)
    files.set(name, loaded.files)
    if (round > 0) times.get(name)?.push(loaded.ms)
  }
}

const theirs = median(times.get('express-session') ?? [])
console.log(`medians of ${PROCESSES} cold processes: require(), milliseconds, of express-session's, files\n`)
for (const [name] of SUBJECTS) {
  const ms = median(times.get(name) ?? [])
  const share = (ms / theirs).toFixed(2)
  console.log(`${name.padEnd(22)} ${ms.toFixed(1).padStart(6)}  ${share.padStart(5)}  ${files.get(name)}`)
}
