import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { page } from './pages'
import type { Side } from './sides'
import { BASE_OPTIONS, type Host, inTime, serve, visits } from './visits'

/** An application in front of a store, as the store's manual shows it. */
const express = (side: Side): Host => {
  return (sessions) => {
    const app = side.load('express')()
    app.use(sessions)
    app.get('/put/:key', (req: any, res: any) => {
      req.session[req.params.key] = true
      res.send('put')
    })
    app.get('/keys', (req: any, res: any) => {
      const { cookie: _, __lastAccess: __, ...data } = req.session
      res.json(Object.keys(data).sort())
    })
    app.get('/*path', async (req: any, res: any) => res.send(await page(req)))
    return app
  }
}

export interface StoreOptions {
  /** Whether a store drops sessions by the process's clock, which a test moves, or by another. */
  clock?: 'the process' | 'its own'
}

/** What visitors do where this store keeps their sessions. */
export function storeVisits(
  side: Side,
  newStore: (t: TestContext) => any,
  { clock = 'the process' }: StoreOptions = {},
): void {
  visits(side, express(side), { stores: { its: newStore } })

  async function clientWith(t: TestContext, options: object) {
    const sessions = side.session({ ...BASE_OPTIONS, store: await newStore(t), ...options })
    const { client } = await serve(t, await express(side)(sessions, t))
    return client()
  }

  test('a visitor who comes again and again stays known while the life of the session is renewed', async (t) => {
    const client = await clientWith(t, { cookie: { maxAge: 5000 }, rolling: true })
    await inTime(client.get('/login'))
    const { expires } = ends(client.jar.line('connect.sid'))
    await sleep(20)
    for (let i = 0; i < 3; i++) assert.equal((await inTime(client.get('/who'))).body, 'ann')
    assert.ok(ends(client.jar.line('connect.sid')).expires >= expires)
  })

  const life = clock === 'the process' ? test : () => {}
  life('a session is over after its life', async (t: TestContext) => {
    // Stores of the field count in seconds.
    const client = await clientWith(t, { cookie: { maxAge: 1000 } })
    await inTime(client.get('/login'))
    const kept = client.cookie()
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2500 })
    const late = await inTime(client.get('/who', { cookie: `connect.sid=${kept}` }))
    assert.equal(late.body, 'a stranger')
  })

  // Options and promises that express-session does not have.
  if (!side.ours) return

  for (const timeout of ['idleTimeout', 'absoluteTimeout']) {
    test(`${timeout} ends a session`, async (t) => {
      const client = await clientWith(t, { [timeout]: 40 })
      await inTime(client.get('/login'))
      await sleep(50)
      assert.equal((await inTime(client.get('/who'))).body, 'a stranger')
    })
  }

  test('of requests side by side, each keeps what it put in', async (t) => {
    const client = await clientWith(t, {})
    await inTime(client.get('/login'))
    const keys = ['a', 'b', 'c', 'd']
    await Promise.all(keys.map((key) => inTime(client.get(`/put/${key}`))))
    assert.deepEqual(JSON.parse((await inTime(client.get('/keys'))).body), [...keys, 'user'])
  })
}

function ends(line = ''): { expires: number } {
  return { expires: Date.parse(/expires=([^;]*)/i.exec(line)?.[1] ?? '') }
}

/** A folder that goes with the test. */
export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-dependents-store-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}
