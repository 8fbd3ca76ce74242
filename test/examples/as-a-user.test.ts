/** Each example, started as a reader starts it: it serves a page, or prints what to try, and that works. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { startPostgres, startRedis, withoutPostgres, withoutRedis } from '../support/servers'
import { folderFor, printedBy } from './run'

const sh = promisify(execFile)
const EXAMPLES = readdirSync(join(__dirname, '../../examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

/** How many lines an example prints that has more to show than one address and a command or two. */
const LINES: Record<string, number> = {
  engine: 5,
  login: 7,
  'my-devices': 1,
  'server-sent-events': 3,
  'several-apps': 4,
  'storage-server': 4,
  'two-processes': 5,
  'typed-data': 4,
  'view-counter': 1,
}

/** What the last command of an example answers, when all have been given in their order. */
const LAST: Record<string, RegExp> = {
  engine: /^\{\}$/,
  login: /^\{"user":null,"admin":false\}$/,
  'node-http': /^1 views\n$/,
  'server-sent-events': /^\{"streams":1,"ticks":[1-9]\d*\}$/,
  'several-apps': /^\{"app":"admin","views":1\}$/,
  'storage-server': /^\{"views":2,"process":\d+\}$/,
  'two-processes': /^\{"views":3,"process":\d+\}$/,
  'typed-data': /^\[\{"article":"apple","pieces":2\},\{"article":"pear","pieces":1\}\]$/,
}

interface Server {
  readonly url: string
  stop(): Promise<unknown>
}

/** Servers that examples need, and why one cannot be had here. */
const SERVERS: Record<string, { variable: string; start(): Promise<Server>; missing: string | false }> = {
  redis: { variable: 'REDIS_URL', start: startRedis, missing: withoutRedis() },
  postgres: { variable: 'DATABASE_URL', start: startPostgres, missing: withoutPostgres() },
}

/** `false`: can run. In CI a missing curl is a failure. */
const withoutCurl = !process.env['CI'] && spawnSync('curl', ['--version']).error ? 'there is no curl' : false

describe('an example started by hand', { concurrency: 2, skip: withoutCurl }, () => {
  for (const name of EXAMPLES) {
    // Says that it needs SQLite: see writing-a-backend.test.ts.
    if (name === 'writing-a-backend' && !isBuiltin('node:sqlite')) continue
    const needed = SERVERS[name]
    describe(name, { skip: needed?.missing ?? false }, () => {
      let server: Server | undefined
      before(async () => {
        server = await needed?.start()
      })
      after(() => server?.stop())

      test('serves a page, or prints commands that work', async (t) => {
        const env = { TMPDIR: folderFor(t), STORAGE_PORT: '0', PORTS: '0,0', TICK_MS: '20' }
        if (needed && server) Object.assign(env, { [needed.variable]: server.url })
        const { lines } = await printedBy(t, name, env, LINES[name] ?? 2)
        const [address = ''] = lines
        assert.match(address, /^http:\/\/localhost:\d+$/)
        const commands = lines.filter((line) => line.startsWith('  curl '))
        if (commands.length === 0) {
          assert.match(await (await fetch(address)).text(), /^<!doctype html>[\s\S]*<h1>/)
          return
        }
        let answer = ''
        for (const command of commands) {
          // A stream is left after a while, which curl reports as a failure.
          const fast = command.replace('-m 3', '-m 0.2')
          const running = sh('sh', ['-c', fast.replace(' curl ', ' curl --silent --show-error --fail ')])
          answer = (await running.catch((error) => (fast === command ? Promise.reject(error) : error))).stdout
        }
        assert.match(answer, LAST[name] ?? /^\{"views":1\}$/)
      })
    })
  }
})
