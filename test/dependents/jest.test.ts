import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../packaging/packed'
import { type Side, withBoth } from './support/sides'

/** A test as an application writes it, with a session that it makes in its environment. */
const suiteOf = (side: Side, environment: string, timers: string) => `/** @jest-environment ${environment} */
const { EventEmitter } = require('node:events')
const session = require('${side.name}')
${timers}
function visit(sessions, cookie) {
  const req = Object.assign(new EventEmitter(), { url: '/', originalUrl: '/', method: 'GET', headers: { cookie }, socket: {} })
  return new Promise((resolve, reject) => {
    sessions(req, Object.assign(new EventEmitter(), { end() {}, setHeader() {}, getHeader() {}, writeHead() {}, write() {} }),
      (error) => error ? reject(error) : resolve(req))
  })
}
test('a session is made, and timers run to their end', async () => {
  const store = new session.MemoryStore()
  const sessions = session({ secret: 'keyboard cat', resave: false, saveUninitialized: false, store })
  const req = await visit(sessions)
  req.session.user = 'ann'
  await new Promise((resolve, reject) => req.session.save((error) => error ? reject(error) : resolve()))
  ${timers && 'jest.runAllTimers()'}
  const found = await new Promise((resolve, reject) => store.get(req.sessionID, (error, value) => error ? reject(error) : resolve(value)))
  expect(found.user).toBe('ann')
})
`

withBoth('jest', (side) => {
  for (const environment of ['node', 'jest-environment-jsdom']) {
    for (const timers of ['', "jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] })"]) {
      const title = `${environment}, ${timers ? 'with fake' : 'with real'} timers`
      test(`${title}: an application's tests run`, (t) => {
        const folder = mkdtempSync(join(side.folder, 'jest-'))
        t.after(() => rmSync(folder, { recursive: true, force: true }))
        writeFileSync(join(folder, 'session.test.js'), suiteOf(side, environment, timers))
        const jest = join(side.folder, 'node_modules/jest/bin/jest.js')
        run(folder, process.execPath, [jest, '--rootDir', folder, '--json', '--outputFile=result.json'])
        const { numPassedTests, numTotalTests } = require(join(folder, 'result.json'))
        assert.deepEqual([numPassedTests, numTotalTests], [1, 1])
      })
    }
  }
})
