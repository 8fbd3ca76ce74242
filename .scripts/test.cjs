'use strict'
// Runs the tests in `test/`, all of them or those whose path has one of the words given: `npm test -- cookie`.
// With `--dependents` those of `test/dependents/`, which have to be installed first: `npm run test:dependents`.
// Node 20 takes no patterns for test files.
const { spawnSync } = require('node:child_process')
const { readdirSync } = require('node:fs')
const { availableParallelism } = require('node:os')
const { join } = require('node:path')

const root = join(__dirname, '..')
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))

/** With `--core` those that want no server and nothing from the network. */
const CORE =
  /^test.(behaviour|conformance|base|cookie|record|session|exchange|engine|faults|response|backend.(lmdb|memory)|store.(lmdb|memory|of.backend)|packaging.package|examples.writing)\b/
const onlyCore = process.argv.includes('--core')
const DEPENDENTS = join('test', 'dependents', '/')
const onlyDependents = process.argv.includes('--dependents')

const files = readdirSync(join(root, 'test'), { recursive: true })
  .map((file) => join('test', file))
  .filter((file) => file.endsWith('.test.ts') && words.every((word) => file.includes(word)))
  .filter((file) => file.startsWith(DEPENDENTS) === onlyDependents)
  .filter((file) => !onlyCore || CORE.test(file))
  .sort()

if (files.length === 0) {
  console.error(`no test file has ${words.join(' and ')} in its path`)
  process.exit(1)
}
// TAP where a program reads along: it ends with the lines `# tests`, `# pass`, `# fail`.
const reporter = `--test-reporter=${process.stdout.isTTY ? 'spec' : 'tap'}`
// Most files wait for servers, timers and disks more than they compute.
const concurrency = `--test-concurrency=${availableParallelism() + 1}`
// Packages of others may be modules of any kind; for our own, CommonJS all, half of tsx is enough and starts sooner.
const typescript = onlyDependents ? ['--import', 'tsx'] : ['--require', 'tsx/cjs']
const { status } = spawnSync(process.execPath, [...typescript, '--test', concurrency, reporter, ...files], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(status ?? 1)
