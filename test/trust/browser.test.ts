/** Device-bound sessions by a real Chromium, against two processes on one LMDB file, one of which is started again. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import type { Owner } from '../support/app'
import { BOUND_COOKIE } from '../support/bound-app'
import { Client } from '../support/client'
import { inTime } from '../support/session-app'
import { startTrustingBrowser, withoutTrustingBrowser } from '../support/trusting-browser'

/** Chromium signs six times in nine minutes and no more: so there are few requests here. */
const LIFETIME_MS = 3000

interface Process {
  port: number
  /** What its events told of. */
  told: string[]
  stop(): Promise<void>
}

async function start(owner: Owner, path: string, port = 0): Promise<Process> {
  const child: ChildProcess = fork(join(__dirname, '../support/bound-process.ts'), [
    path,
    String(port),
    String(LIFETIME_MS),
  ])
  const told: string[] = []
  const listening = new Promise<number>((resolve) => {
    child.on('message', (message: { port?: number; told?: string }) => {
      if (message.port !== undefined) resolve(message.port)
      if (message.told !== undefined) told.push(message.told)
    })
  })
  const stop = async () => {
    if (child.exitCode !== null || !child.connected) return
    const exited = once(child, 'exit')
    child.disconnect()
    await exited
  }
  owner.after(stop)
  return { port: await inTime(listening, 20_000), told, stop }
}

/** Sends what a thief has copied, as often as he likes and after its end. */
async function steal(owner: Owner, context: BrowserContext, port: number): Promise<() => Promise<string>> {
  const cookies = await context.cookies()
  assert.deepEqual(cookies.map(({ name }) => name).sort(), [BOUND_COOKIE, 'connect.sid'])
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const thief = new Client(`https://127.0.0.1:${port}`)
  owner.after(() => thief.stop())
  return async () => (await thief.get('/', { cookie })).body
}

const shown = async (page: Page, url: string) => {
  await page.goto(url)
  return page.locator('body').textContent()
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function until(is: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 400 && !is(); i++) await sleep(25)
  assert.ok(is(), what)
}

describe('a bound session in Chromium', { skip: withoutTrustingBrowser() }, () => {
  test('is registered by a login, refreshed unseen, worth nothing to a thief, and ended by a logout', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-bound-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'sessions')
    const [first, second, browser] = await Promise.all([
      start(t, path),
      start(t, path),
      startTrustingBrowser(),
    ])
    t.after(() => browser.stop())
    const { context } = browser
    const page = context.pages()[0] ?? (await context.newPage())
    const origin = `https://localhost:${first.port}`

    await page.goto(`${origin}/login`)
    await until(() => first.told.includes('registered'), 'registers')
    const stolen = await steal(t, context, second.port)
    assert.equal(await stolen(), '{"user":"ann"}')

    await first.stop()
    const again = await start(t, path, first.port)
    await sleep(LIFETIME_MS)
    // A script of the page: its request waits for the refresh, and does not know.
    assert.equal(await page.evaluate("fetch('/').then((answer) => answer.text())"), '{"user":"ann"}')
    assert.ok(again.told.includes('refreshed'))
    assert.equal(await stolen(), '{}')
    assert.ok(second.told.includes('unbound'))

    await page.goto(`${origin}/logout`)
    assert.deepEqual(await context.cookies(), [])
    assert.equal(await shown(page, origin), '{}')
    await until(() => again.told.includes('refresh 410'), `its next refresh ends the binding: ${again.told}`)
    const told = again.told.length
    assert.equal(await shown(page, origin), '{}')
    assert.equal(again.told.length, told, 'the browser asks no more')
  })
})
