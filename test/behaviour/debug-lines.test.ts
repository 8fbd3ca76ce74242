/** `NODE_DEBUG=sojourn`: what was decided for which request of which session, and why. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

const SCRIPT = `
  const http = require('node:http')
  const session = require('./lib')
  const skip = (req) => req.url.startsWith('/health')
  const base = { secret: 'a secret that is long enough', resave: false, saveUninitialized: false, skip }
  const shop = session({ ...base, cookie: { path: '/shop' } })
  const server = http.createServer((req, res) => shop(req, res, () => {
    if (req.session) req.session.user = 'ann'
    res.end(req.sessionID)
  }))
  server.listen(0, '127.0.0.1', async () => {
    const visit = (path, headers, method = 'GET') =>
      fetch('http://127.0.0.1:' + server.address().port + path, { headers, method })
    const first = await visit('/shop/cart?token=hidden', {}, 'POST')
    const cookie = first.headers.get('set-cookie').split(';', 1)[0]
    console.log(await first.text())
    await visit('/shop', { cookie: 'connect.sid=s%3Aa.b' }).then((answer) => answer.text())
    await visit('/health', {}).then((answer) => answer.text())
    await visit('/blog', {}).then((answer) => answer.text())
    await visit('/shop', { cookie }).then((answer) => answer.text())
    process.exit()
  })`

it('each line names method, path and session, also of requests that pass', async () => {
  const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', '-e', SCRIPT], {
    cwd: join(__dirname, '../..'),
    env: { ...process.env, NODE_DEBUG: 'sojourn' },
    timeout: 20_000,
  })
  const lines = stderr.split('\n').flatMap((line) => /^SOJOURN \d+: (.*)$/.exec(line)?.[1] ?? [])
  const print = /^session: create, because: new and modified \[POST \/shop\/cart (\S{8,})\]$/.exec(
    lines.find((line) => line.includes('session: create')) ?? '',
  )?.[1]
  assert.ok(print, lines.join('\n'))
  for (const line of [
    `cookie: set, because: the browser does not have this id [POST /shop/cart ${print}]`,
    'refused {"because":"signature"} [GET /shop -]',
    'request: passes, because: skip [GET /health -]',
    'request: passes, because: outside of cookie.path [GET /blog -]',
    `cookie: none, because: the browser has it [GET /shop ${print}]`,
  ]) {
    assert.ok(lines.includes(line), `${line}\nin\n${lines.join('\n')}`)
  }
  assert.ok(!stderr.includes('hidden'), 'a query may hold secrets')
  assert.ok(!stderr.includes(stdout.trim()), 'an id is a secret')
})
