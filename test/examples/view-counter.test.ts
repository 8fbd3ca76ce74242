import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from '../support/client'
import { folderFor, run } from './run'

const countOn = (page: string) => Number(/<strong>(\d+)</.exec(page)?.[1])

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`view-counter: the visitor's count goes on when the server has been ended by ${signal} and started again`, async (t) => {
    const path = join(folderFor(t), 'deep', 'sessions')
    const first = await run(t, 'view-counter', { SESSIONS_PATH: path })
    const visitor = new Client(first.origin)
    const page = await visitor.get('/')
    assert.match(page.body, /Welcome to the session demo.*expires in: 60s/s)
    assert.equal(countOn((await visitor.get('/')).body), 2)
    visitor.stop()
    await first.stop(signal)

    const second = await run(t, 'view-counter', { SESSIONS_PATH: path })
    const again = new Client(second.origin)
    again.jar.copyFrom(visitor.jar)
    const after = await again.get('/')
    assert.equal(countOn(after.body), 3)
    assert.match(after.body, /Welcome back/)
    const somebodyElse = new Client(second.origin)
    assert.equal(countOn((await somebodyElse.get('/')).body), 1)
    again.stop()
    somebodyElse.stop()
    assert.ok(existsSync(path))
  })
}
