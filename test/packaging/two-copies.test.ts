/**
 * `express-session@npm:sojourn` beside `sojourn/lmdb`: two installations of the package in one process, each with classes,
 * private fields and caches of its own. Here the middleware is of the one and the store of the other.
 */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import type sojourn from '../../lib'
import type { SessionEngine } from '../../lib/engine'
import type { BackedStore, BackedStoreOptions } from '../../lib/store/backed-store'
import { type Handler, routes, serve } from '../support/app'
import type { Client } from '../support/client'
import { gate, putData, serveWith, showData } from '../support/session-app'
import { dataOf, idOf } from '../support/visits'
import { link, ROOT, run } from './packed'

type Package = typeof sojourn

const home = mkdtempSync(join(tmpdir(), 'sojourn-copies-'))
after(() => rmSync(home, { recursive: true, force: true }))

/** Installs the build under this name. @param change what its shared file becomes */
function installAs(name: string, change = (code: string) => code): void {
  const folder = join(home, 'node_modules', name)
  cpSync(join(home, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  const core = join(folder, 'dist/shared/core.js')
  writeFileSync(core, change(readFileSync(core, 'utf8')))
}

mkdirSync(join(home, 'node_modules'))
run(ROOT, process.execPath, ['.scripts/build.cjs', join(home, 'dist')])
for (const dependency of [...Object.keys(require(join(ROOT, 'package.json')).dependencies), 'lmdb']) {
  link(home, dependency)
}
installAs('express-session')
installAs('sojourn')
installAs('sojourn-of-tomorrow', (code) => {
  const changed = code.replace(/(get ?\[STORE\]\(\) ?\{\s*return) 1\b/, '$1 2')
  assert.ok(changed !== code, 'the build has the number elsewhere')
  return changed
})

const load = createRequire(join(home, 'app.js'))
const session: Package = load('express-session')
const other: Package = load('sojourn')
const tomorrow: Package = load('sojourn-of-tomorrow')
const { SessionEngine: Engine } = load('express-session/engine') as { SessionEngine: typeof SessionEngine }

const OPTIONS = { secret: 'a secret of two copies', resave: false, saveUninitialized: false }
const STORES: Record<string, (t: TestContext, options?: BackedStoreOptions) => BackedStore> = {
  MemoryStore: (_t, options) => new other.MemoryStore(options) as unknown as BackedStore,
  LmdbStore(t, options) {
    const { LmdbStore } = load('sojourn/lmdb')
    const store = new LmdbStore({ path: join(mkdtempSync(join(home, 'file-')), 'sessions'), ...options })
    t.after(() => store.close())
    return store
  },
}
const byUser: BackedStoreOptions = { owner: (data) => data['user'] as string | undefined }

interface App {
  client(): Client
  /** Names of the events so far, with their reasons. */
  readonly told: string[]
  /** A request to `/slow` has come so far that it has its session. */
  readonly arrived: Promise<void>
  /** Lets it go on. */
  goOn(): void
}

/** `/put?key=value`, `/` shows the data, `/slow` puts `slow`, and ends when it may. */
async function appOver(
  t: TestContext,
  store: object,
  more: Record<string, Handler> = {},
  options: object = {},
): Promise<App> {
  const told: string[] = []
  const [came, may] = [gate(), gate()]
  const kit = {
    session(given: object) {
      const sessions = session({ ...given, ...OPTIONS, ...options })
      for (const name of ['created', 'saved', 'destroyed', 'interrupted', 'storeError'] as const) {
        sessions.events.on(name, (event: unknown) =>
          told.push([name, (event as any).because].join(' ').trim()),
        )
      }
      return sessions
    },
  }
  const slow: Handler = async (req, res) => {
    req.session.slow = 'yes'
    came.open()
    await may.opened
    res.end()
  }
  const table = { '/put': putData, '/': showData, '/slow': slow, ...more }
  const served = await serveWith(kit as never, t, { store }, routes(table), { kind: 'express 5' })
  return { client: served.client, told, arrived: came.opened, goOn: may.open }
}

async function visitorOf(app: App, data: string): Promise<Client> {
  const client = app.client()
  assert.equal((await client.get(`/put?${data}`)).status, 200)
  return client
}

test('the copies have no class in common', () => {
  assert.notEqual(session.Store, other.Store)
  assert.notEqual(session.Session, other.Session)
})

for (const [name, make] of Object.entries(STORES)) {
  describe(`a middleware of one copy over the ${name} of another`, () => {
    test('keeps the changes of parallel requests', async (t) => {
      const app = await appOver(t, make(t))
      const client = await visitorOf(app, 'user=ann')
      const slow = client.get('/slow')
      await app.arrived
      await client.get('/put?fast=yes')
      app.goOn()
      await slow
      assert.deepEqual(await dataOf(client), { user: 'ann', fast: 'yes', slow: 'yes' })
    })

    test('loses nothing where applications of both copies share it', async (t) => {
      const store = make(t)
      const app = await appOver(t, store)
      const beside = await serveWith(other as never, t, { ...OPTIONS, store }, putData, { kind: 'express 5' })
      const client = await visitorOf(app, 'user=ann')
      const another = beside.client()
      Object.assign(another, { jar: client.jar })
      const keys = Array.from({ length: 20 }, (_, i) => `key${i}`)
      await Promise.all(keys.map((key, i) => (i % 2 ? client : another).get(`/put?${key}=yes`)))
      assert.deepEqual(Object.keys(await dataOf(client)).sort(), [...keys, 'user'].sort())
    })

    test('does not let a request in flight revive a session that was ended', async (t) => {
      const store = make(t)
      const app = await appOver(t, store)
      const client = await visitorOf(app, 'user=ann')
      const slow = client.get('/slow')
      await app.arrived
      await store.destroy(idOf(client))
      app.goOn()
      await slow
      assert.equal(await store.length(), 0)
      assert.deepEqual(app.told, ['created', 'destroyed destroyed', 'interrupted'])
    })

    test('hears of what is asked of the store, under the fingerprints that the store shows', async (t) => {
      const store = make(t, { ...byUser, hashIds: true })
      const sessions = session({ ...OPTIONS, store: store as never })
      const heard: unknown[] = []
      for (const event of ['created', 'destroyed'] as const) {
        sessions.events.on(event, (told: unknown) => heard.push([event, told]))
      }
      const handlers: Handler[] = [sessions, routes({ '/put': putData, '/': showData })]
      const { default: express } = await import('express')
      const app = express()
      for (const handler of handlers) app.use(handler)
      const client = (await serve(t, app)).client()
      await client.get('/put?user=ann')
      const shown = store.fingerprintOf(idOf(client))
      assert.equal(await store.revokeOwner('ann'), 1)
      assert.deepEqual(heard, [
        ['created', { session: shown }],
        ['destroyed', { session: shown, because: 'revoked' }],
      ])
      assert.deepEqual(await dataOf(client), {})
    })

    test('keeps to the limit of an owner, and tells it by the code', async (t) => {
      const store = make(t, { ...byUser, maxPerOwner: { max: 1, overflow: 'refuse' } })
      const login: Handler = async (req, res) => {
        await session.update(req, (data: any) => {
          data.user = 'ann'
        })
        res.end()
      }
      const app = await appOver(t, store, { '/login': login })
      await visitorOf(app, 'user=ann')
      assert.match((await app.client().get('/put?user=ann')).body, /^error: ERR_SESSION_LIMIT /)
      const shopper = await visitorOf(app, 'cart=full')
      assert.match((await shopper.get('/login')).body, /^error: ERR_SESSION_LIMIT /)
      assert.deepEqual(await dataOf(shopper), {})
      assert.equal((await store.sessionsOf('ann')).length, 1)
    })

    test('hands on the errors of the store with their codes', async (t) => {
      const store = make(t)
      const app = await appOver(t, store)
      const client = await visitorOf(app, 'user=ann')
      await store.close()
      assert.match((await client.get('/')).body, /^error: ERR_SESSION_CLOSED /)
    })

    test('store.regenerate, store.createSession and store.generate give sessions that are saved', async (t) => {
      const store = make(t)
      const asked: Handler = (req, res) => {
        req.sessionStore.regenerate(req, (error: unknown) => {
          req.session.again = 'yes'
          res.end(String(error))
        })
      }
      const made: Handler = async (req, res) => {
        const stored = await req.sessionStore.get(req.sessionID)
        req.sessionStore.createSession(req, stored).made = 'yes'
        await req.session.save()
        req.session.late = 'yes'
        req.session.touch()
        res.end(String(req.session.cookie.maxAge > 0))
      }
      const generated: Handler = (req, res) => {
        req.sessionStore.generate(req)
        req.session.generated = 'yes'
        res.end()
      }
      const app = await appOver(
        t,
        store,
        { '/regenerate': asked, '/made': made, '/generate': generated },
        { cookie: { maxAge: 60_000 } },
      )
      const client = await visitorOf(app, 'user=ann')
      const before = idOf(client)
      assert.equal((await client.get('/regenerate')).body, 'null')
      assert.deepEqual(await dataOf(client), { again: 'yes' })
      assert.notEqual(idOf(client), before)
      assert.equal(await store.get(before), null)
      assert.equal((await client.get('/made')).body, 'true')
      assert.deepEqual(await dataOf(client), { again: 'yes', made: 'yes', late: 'yes' })
      await client.get('/generate')
      assert.deepEqual(await dataOf(client), { generated: 'yes' })
    })

    test('session.update of either copy changes it in one step', async (t) => {
      const count: (by: Package) => Handler = (by) => async (req, res) => {
        const count = await by.update(req, (data: any) => {
          data.count = (data.count ?? 0) + 1
          return data.count
        })
        res.end(String(count))
      }
      const app = await appOver(t, make(t), { '/one': count(session), '/other': count(other) })
      const client = await visitorOf(app, 'user=ann')
      const answers = await Promise.all(
        ['/one', '/other', '/one', '/other'].map(async (path) => (await client.get(path)).body),
      )
      assert.deepEqual(answers.sort(), ['1', '2', '3', '4'])
    })

    test('an engine cleans up', async (t) => {
      const store = make(t)
      const engine = new Engine({ cookie: { secret: 'a secret of the engine' } })
      engine.useStore(store as never)
      const ended = { cookie: { expires: new Date(Date.now() + 20), originalMaxAge: 20 } }
      await store.set('ended', ended as never)
      await new Promise((done) => setTimeout(done, 25))
      assert.equal(await engine.cleanup(), 1)
    })
  })
}

describe('one MemoryStore under middlewares of two copies', () => {
  test('what one copy has parsed or written is not what the other takes for the record', async (t) => {
    const store = STORES['MemoryStore']?.(t) as BackedStore
    const view: Handler = (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1
      res.end(String(req.session.views))
    }
    const served = await Promise.all(
      [session, other].map((kit) =>
        serveWith(kit as never, t, { ...OPTIONS, store }, view, { kind: 'express 5' }),
      ),
    )
    const [one, another] = served.map((app) => app.client()) as [Client, Client]
    // One visitor: both applications stand on one host.
    Object.assign(another, { jar: one.jar })
    assert.equal((await one.get('/')).body, '1')
    assert.equal((await another.get('/')).body, '2')
    assert.equal((await one.get('/')).body, '3')
    assert.equal((await one.get('/')).body, '4')
    assert.equal((await another.get('/')).body, '5')
  })
})

test("a third-party store of another copy's Store class: its regenerate ends what is in flight", async (t) => {
  class Theirs extends other.Store {
    readonly records = new Map<string, string>()
    override get(id: string, done: (error?: any, found?: any) => void): void {
      const text = this.records.get(id)
      setImmediate(done, null, text && JSON.parse(text))
    }
    override set(id: string, data: object, done: (error?: any) => void = () => {}): void {
      this.records.set(id, JSON.stringify(data))
      setImmediate(done)
    }
    override destroy(id: string, done: (error?: any) => void = () => {}): void {
      this.records.delete(id)
      setImmediate(done)
    }
  }
  const store = new Theirs()
  const regenerate: Handler = (req, res) => req.sessionStore.regenerate(req, () => res.end())
  const app = await appOver(t, store, { '/regenerate': regenerate })
  const client = await visitorOf(app, 'user=ann')
  const before = idOf(client)
  const slow = client.get('/slow')
  await app.arrived
  await client.get('/regenerate')
  app.goOn()
  await slow
  assert.equal(store.records.has(before), false)
})

describe('a store of a copy with another protocol', () => {
  const refusal = {
    name: 'TypeError',
    code: 'ERR_SESSION_OPTION',
    message:
      /^option store: it was made by another version of this package \(store protocol 2, here 1\); install one/,
  }

  test('is refused when the middleware is made', () => {
    assert.throws(() => session({ ...OPTIONS, store: new tomorrow.MemoryStore() as never }), refusal)
  })

  test('is refused when an engine is given it', () => {
    const engine = new Engine({ cookie: { secret: 'a secret of the engine' } })
    assert.throws(() => engine.useStore(new tomorrow.MemoryStore() as never), refusal)
  })
})
