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

test('a known failure that fails is a skip with its reason; one that is skipped is not run', async () => {
  const factory = `() => {
    const handle = referenceStoreHandle()
    handle.store.set = (sid, session, callback) => callback(new Error('read-only'))
    return handle
  }`
  const output = await outputOf(factory, `{ knownFailures: { '${CASE}': 'it is read-only' } }`)
  assertSays(output, new RegExp(`\\bok \\d+ - required: ${CASE} # SKIP known failure: it is read-only`))
  assertSays(output, /not ok \d+ - required: a session that was set is found/)

  const skipped = await outputOf(factory, `{ skip: { '${CASE}': 'not today' } }`)
  assertSays(skipped, new RegExp(`\\bok \\d+ - required: ${CASE} # SKIP not today`))
})

test('a known failure that passes is a failure, so that the list stays true', async () => {
  const output = await outputOf(
    'referenceStoreHandle',
    `{ knownFailures: { '${CASE}': 'once upon a time' } }`,
  )
  assertSays(output, new RegExp(`not ok \\d+ - required: ${CASE}`))
  assertSays(output, /once upon a time\), but it passes: take it off the list/)
})

test('a factory that fails is no known failure', async () => {
  const output = await outputOf(
    `() => { throw new Error('no server') }`,
    `{ knownFailures: { '${CASE}': 'it is read-only' } }`,
  )
  assertSays(output, new RegExp(`not ok \\d+ - required: ${CASE}`))
  assertSays(output, /no server/)
})
