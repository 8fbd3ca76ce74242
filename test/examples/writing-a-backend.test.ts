/** Where there is no SQLite (Node.js 20 without a package for it) the example can only say so. */
import assert from 'node:assert/strict'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { session } from '../../lib/middleware/session'
import { storeOf } from '../../lib/store/backend'
import { serve } from '../support/app'
import { folderFor } from './run'

const { SqliteBackend, makeApp } = require('../../examples/writing-a-backend')

const hasSqlite = isBuiltin('node:sqlite') || isInstalled('better-sqlite3')

function isInstalled(name: string): boolean {
  try {
    require.resolve(name)
    return true
  } catch {
    return false
  }
}

if (hasSqlite) {
  require('../../examples/writing-a-backend/backend.test.js')

  describe('the example writing-a-backend', () => {
    test('counts views, and goes on counting after a restart', async (t) => {
      const path = join(folderFor(t), 'sessions')
      const backend = new SqliteBackend(path)
      const visitor = (await serve(t, makeApp(storeOf(backend)))).client()
      await visitor.get('/')
      backend.close()
      const again = (await serve(t, makeApp(storeOf(new SqliteBackend(path))))).client()
      again.jar.copyFrom(visitor.jar)
      assert.equal((await again.get('/')).body, '{"views":2}')
    })

    test('loses no update of parallel requests in two processes on one table', async (t) => {
      const path = join(folderFor(t), 'sessions')
      const [first, second] = [1, 2].map(() => storeOf(new SqliteBackend(path)))
      const all = meeting()
      const appOver = (store: unknown) => {
        const sessions = session({ secret: 'x', resave: false, saveUninitialized: false, store } as never)
        return serve(t, (req: any, res: any) =>
          sessions(req, res, async () => {
            req.session[req.url] = true
            // All of them have read the session before the first one writes it.
            if (req.url !== '/first') await all(10)
            res.end()
          }),
        )
      }
      const [here, there] = [await appOver(first), await appOver(second)]
      const visitor = here.client()
      await visitor.get('/first')
      const cookie = `connect.sid=${visitor.cookie()}`
      const answers = Array.from({ length: 10 }, (_, n) =>
        (n % 2 ? here : there).client().get(`/${n}`, { cookie }),
      )
      await Promise.all(answers)
      const [stored] = Object.values((await second?.all()) ?? {})
      assert.equal(Object.keys(stored ?? {}).filter((key) => /^\/\d$/.test(key)).length, 10)
    })
  })
} else {
  test('writing-a-backend without SQLite: says what to install', () => {
    assert.throws(() => new SqliteBackend(':memory:'), /Node\.js 22\.13.*npm install better-sqlite3/)
  })
}

/** @returns a function whose promises are kept when so many have asked */
function meeting(): (count: number) => Promise<void> {
  const waiting: Array<() => void> = []
  return (count) =>
    new Promise((go) => {
      if (waiting.push(go) === count) for (const each of waiting) each()
    })
}
