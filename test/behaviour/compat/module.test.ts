import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inherits } from 'node:util'
import { routes } from '../../support/app'
import { expressSession, sojourn } from '../../support/kits'
import { oddStores } from '../../support/odd-stores'
import { putData, serveWith } from '../../support/session-app'
import { behaviour, type Scene } from './behaviour'

/** Logs in, reads, changes privilege and logs out over a store. */
async function wholeLife({ kit, t }: Scene, store: any): Promise<void> {
  const app = routes({
    '/put': putData,
    '/': (req, res) => res.end(req.session.user ?? 'nobody'),
    '/regenerate': (req, res, next) => {
      req.session.regenerate((error: unknown) => {
        if (error) return next(error)
        req.session.user = 'root'
        return res.end(req.sessionID)
      })
    },
    '/destroy': (req, res, next) =>
      req.session.destroy((error: unknown) => (error ? next(error) : res.end())),
  })
  const client = (await serveWith(kit, t, { store }, app)).client()
  await client.get('/put?user=ann')
  const first = `connect.sid=${client.cookie()}`
  assert.equal((await client.get('/')).body, 'ann')
  await client.get('/regenerate')
  const second = `connect.sid=${client.cookie()}`
  assert.notEqual(second, first)
  assert.equal((await client.get('/', { cookie: second })).body, 'root')
  assert.equal((await client.get('/', { cookie: first })).body, 'nobody')
  await client.get('/destroy', { cookie: second })
  assert.equal((await client.get('/', { cookie: second })).body, 'nobody')
}

/** The three methods, for stores whose subject is how they inherit. */
function addMethods(prototype: any): void {
  const rows = new Map<string, string>()
  prototype.get = (sid: string, done: any) =>
    setImmediate(done, null, rows.has(sid) ? JSON.parse(rows.get(sid) as string) : null)
  prototype.set = (sid: string, session: any, done: any) => {
    rows.set(sid, JSON.stringify(session))
    setImmediate(done)
  }
  prototype.destroy = (sid: string, done: any) => {
    rows.delete(sid)
    setImmediate(done)
  }
}

behaviour('T1: the module is the function, with its classes on it', ({ session }) => {
  assert.equal(typeof session, 'function')
  for (const name of ['Store', 'Cookie', 'Session', 'MemoryStore']) {
    assert.equal(typeof session[name], 'function', name)
    assert.equal(session[name].name, name)
  }
  assert.ok(!session.__esModule || session.default === session)
  assert.ok(new session.MemoryStore() instanceof session.Store)
  assert.ok(new session.Store() instanceof EventEmitter)
})

behaviour('T2: Store can be called as an ES5 constructor: Store.call(this, options)', async (scene) => {
  function OldStore(this: any, options: any): void {
    scene.session.Store.call(this, options)
    this.options = options
  }
  inherits(OldStore, scene.session.Store)
  addMethods(OldStore.prototype)
  await wholeLife(scene, new (OldStore as any)({ a: 1 }))
})

behaviour('T2: a store may set its prototype up with Object.create', async (scene) => {
  function OldStore(this: any): void {
    scene.session.Store.call(this)
  }
  OldStore.prototype = Object.create(scene.session.Store.prototype)
  OldStore.prototype.constructor = OldStore
  addMethods(OldStore.prototype)
  await wholeLife(scene, new (OldStore as any)())
})

behaviour('T2: a store that never calls Store works', async (scene) => {
  await wholeLife(scene, new scene.stores.Es5Store())
})

behaviour('T2: a class that extends Store works, with private fields too', async (scene) => {
  class NewStore extends scene.session.Store {
    readonly #rows = new Map<string, string>()
    get(sid: string, done: any): void {
      const body = this.#rows.get(sid)
      setImmediate(done, null, body && JSON.parse(body))
    }
    set(sid: string, data: any, done: any): void {
      this.#rows.set(sid, JSON.stringify(data))
      setImmediate(done)
    }
    destroy(sid: string, done: any): void {
      this.#rows.delete(sid)
      setImmediate(done)
    }
  }
  await wholeLife(scene, new NewStore())
})

behaviour('T2: a class that TypeScript has compiled to ES5 works', async (scene) => {
  // What `class Down extends Store` becomes with target ES5.
  const Down = ((_super: any) => {
    function Down(this: any, ...args: any[]): any {
      const _this = _super.apply(this, args) || this
      _this.kind = 'down-levelled'
      return _this
    }
    Object.setPrototypeOf(Down, _super)
    Down.prototype = Object.create(_super.prototype, { constructor: { value: Down } })
    addMethods(Down.prototype)
    return Down
  })(scene.session.Store) as any
  const store = new Down()
  assert.equal(store.kind, 'down-levelled')
  await wholeLife(scene, store)
})

behaviour('T3: a store may inherit from the Store of another package', async (scene) => {
  const { session } = scene.kit === sojourn ? expressSession : sojourn
  await wholeLife(scene, new (oddStores(session.Store).PlainStore)())
  await wholeLife(scene, new session.MemoryStore())
})

behaviour('T4: the factories of published stores take the module', async (scene) => {
  const { session } = scene
  assert.equal(session.Store || session.session.Store, session.Store)
  const PgStore = require('connect-pg-simple')(session)
  assert.ok(PgStore.prototype instanceof session.Store)
  const LruStore = require('memorystore')(session)
  await wholeLife(scene, new LruStore({ checkPeriod: 60_000 }))
  const FileStore = require('session-file-store')(session)
  const path = mkdtempSync(join(tmpdir(), 'sojourn-compat-'))
  scene.t.after(() => rmSync(path, { recursive: true, force: true }))
  await wholeLife(scene, new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => {} }))
})
