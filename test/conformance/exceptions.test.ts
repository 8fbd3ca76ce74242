import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'

/** Runs a suite in a process of its own. @returns what the test runner prints, in TAP */
async function outputOf(factory: string, options: string): Promise<string> {
  const script = `
    const { testStore, storeCases } = require('./lib/conformance')
    const { referenceStoreHandle, REFERENCE_STORE_CAPABILITIES: capabilities } = require('./test/support/reference-store')
    testStore('it', ${factory}, { capabilities, ...${options} })`
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const flags = ['--import', 'tsx', '--test-reporter=tap', '-e', script]
  return new Promise((resolve) => {
    execFile(process.execPath, flags, { env, maxBuffer: 2 ** 24 }, (_error, stdout) => resolve(stdout))
  })
}

/** Not assert.match, which would print the output of fifty cases. */
function assertSays(output: string, words: RegExp): void {
  assert.ok(words.test(output), `${words} is not in the output`)
}

const CASE = 'set replaces the whole session'

const READ_ONLY = `() => {
  const handle = referenceStoreHandle()
  handle.store.set = (sid, session, callback) => callback(new Error('read-only'))
  return handle
}`

test('a known failure is run and passes while it fails, with its reason and how it fails', async () => {
  const output = await outputOf(READ_ONLY, `{ knownFailures: { '${CASE}': 'it is read-only' } }`)
  assertSays(output, new RegExp(`\\n +ok \\d+ - required: ${CASE} \\(known failure: it is read-only\\)\\n`))
  assertSays(output, /# still fails: read-only/)
  assertSays(output, /not ok \d+ - required: a session that was set is found/)
  assertSays(output, /# skipped 0\n/)
})

test('an error that reaches the process is how a known failure may fail', async () => {
  const factory = (blow: string) => `() => {
    const handle = referenceStoreHandle()
    const set = handle.store.set
    handle.store.set = (...args) => {
      ${blow}
      return set.apply(handle.store, args)
    }
    return handle
  }`
  for (const blow of [
    `Promise.reject(new Error('nobody listens'))`,
    `process.nextTick(() => { throw new Error('nobody listens') })`,
  ]) {
    const output = await outputOf(factory(blow), `{ knownFailures: { '${CASE}': 'it rejects' } }`)
    assertSays(output, new RegExp(`\\n +ok \\d+ - required: ${CASE} \\(known failure: it rejects\\)\\n`))
    assertSays(output, /# still fails: nobody listens/)
  }
})

test('a known failure that passes is a failure, so that the list stays true', async () => {
  const output = await outputOf(
    'referenceStoreHandle',
    `{ knownFailures: { '${CASE}': 'once upon a time' } }`,
  )
  assertSays(output, new RegExp(`not ok \\d+ - required: ${CASE}`))
  assertSays(output, /no longer fails: take it off the list \(once upon a time\)/)
})

test('what is not asked of a store is no test, and one test says what it is', async () => {
  const output = await outputOf(
    'referenceStoreHandle',
    `{ capabilities: capabilities.filter((each) => each !== 'codes'), skip: { '${CASE}': 'not today' } }`,
  )
  assertSays(output, /ok 1 - not asked of this store: codes, script, 1 by name \(3 of \d+ cases\)\n/)
  assertSays(output, /# without codes \(its errors have the code ERR_SESSION_STORE and a cause\): errors /)
  assertSays(
    output,
    /# without script \(the option script makes .*\): a process that only makes a store exits/,
  )
  assertSays(output, new RegExp(`# left out \\(not today\\): ${CASE}\\n`))
  assert.equal(new RegExp(`ok \\d+ - required: ${CASE}`).test(output), false, 'it is registered')
  assertSays(output, /# skipped 0\n/)
  assertSays(output, /# fail 0\n/)
})

test('a factory that fails is no known failure', async () => {
  const output = await outputOf(
    `() => { throw new Error('no server') }`,
    `{ knownFailures: { '${CASE}': 'it is read-only' } }`,
  )
  assertSays(output, new RegExp(`not ok \\d+ - required: ${CASE}`))
  assertSays(output, /no server/)
})
