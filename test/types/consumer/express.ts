import express, { type Request, type RequestHandler } from 'express'
import session, { MemoryStore, type SessionData, SessionError, Store } from 'sojourn'
import { LmdbStore } from 'sojourn/lmdb'
import { PostgresStore } from 'sojourn/postgres'
import { RedisStore } from 'sojourn/redis'

declare module 'sojourn' {
  interface SessionData {
    views: number
    user?: { name: string }
  }
  interface Session {
    /** Older code adds data here. */
    legacy?: string
  }
}

const app = express()
const sessions = session({
  secret: ['new', Buffer.from('old')],
  name: 'sid',
  resave: false,
  saveUninitialized: false,
  genid: (req: Request) => req.path,
  cookie: { maxAge: 60_000, secure: 'auto', sameSite: 'lax', partitioned: true, priority: 'high' },
  store: new MemoryStore({ max: 1000 }),
  idleTimeout: 60_000,
  concurrency: 'reject',
})
app.use(sessions)
app.use(session())
app.use(session({ secret: 'x', cookie: (req: Request) => ({ secure: req.secure }) }))
sessions.events.on('saved', ({ session, merged }) => `${session.length} ${merged === true}`)

app.get('/', async (req, res) => {
  const views: number | undefined = req.session.views
  req.session.views = (views ?? 0) + 1
  const name: string | undefined = req.session.user?.name
  const legacy: string | undefined = req.session.legacy
  req.session.save((err) => {
    if (err) throw err.message
  })
  req.session.touch().resetMaxAge()
  await req.session.renewId()
  const left: number | undefined = req.session.cookie.maxAge
  const end: Date | null | undefined = req.session.cookie.expires
  const life: number | null = req.session.cookie.originalMaxAge
  req.session.cookie.maxAge = 1000
  const id: string = req.sessionID
  req.sessionStore.destroy(id, (err) => err)
  req.sessionStore.generate(req)
  req.sessionStore.get(id, (_err, found) => found?.views.toFixed())
  const balance: number = await session.update(req, (data) => (data.views = (data.views ?? 0) + 1))
  // @ts-expect-error: nobody has declared it
  req.session.nothing
  // @ts-expect-error: declared as a number
  req.session.views = 'many'
  res.send([name, legacy, left, end, life, balance])
})

class Mine extends Store {
  readonly rows = new Map<string, SessionData>()
  get(sid: string, callback: (err: any, session?: SessionData | null) => void): void {
    callback(null, this.rows.get(sid))
  }
  set(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    this.rows.set(sid, session)
    callback?.()
  }
  async destroy(sid: string, callback?: (err?: any) => void): Promise<void> {
    this.rows.delete(sid)
    callback?.()
  }
}
/** As classes over that of express-session are written: methods that return nothing. */
class Counting extends MemoryStore {
  gets = 0
  get(sid: string, callback: (err: any, session?: SessionData | null) => void): void {
    this.gets++
    super.get(sid, callback)
  }
  set(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    super.set(sid, session, callback)
  }
  destroy(sid: string, callback?: (err?: any) => void): void {
    super.destroy(sid, callback)
  }
  touch(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    super.touch(sid, session, callback)
  }
  all(callback: (err: any, sessions?: { [sid: string]: SessionData } | null) => void): void {
    super.all(callback)
  }
  length(callback: (err: any, length?: number) => void): void {
    super.length(callback)
  }
  clear(callback?: (err?: any) => void): void {
    super.clear(callback)
  }
}
export async function inMemory(store: MemoryStore, id: string, other: LmdbStore): Promise<number> {
  store.get(id, (_err, found) => found?.views.toFixed())
  const either = id ? store : other
  await either.set(id, { cookie: { originalMaxAge: null }, views: 1 })
  const views: number | undefined = (await either.get(id))?.views
  // @ts-expect-error: a promise of a session, whatever is asked for
  const wrong: number | null = await store.get(id)
  return (await store.get(id))?.views ?? wrong ?? views ?? (await either.length())
}
// @ts-expect-error: get, set and destroy are abstract
class Half extends Store {
  get(_sid: string, callback: (err: any) => void): void {
    callback(null)
  }
}
// @ts-expect-error: a store is needed
session({ store: {} })
// @ts-expect-error: milliseconds
session({ cookie: { maxAge: '1h' } })

/** As code has it that takes the module: stores of others, and doubles in tests. */
interface TheirData {
  cookie: {
    originalMaxAge: number | null
    maxAge?: number | undefined
    expires?: Date | null | undefined
    secure?: boolean | 'auto' | undefined
    sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined
  }
}
declare function connectsqlite3(module: {
  session: {
    Store: abstract new () => { load(sid: string, done: (error: any, found?: TheirData) => any): void }
  }
}): new () => Mine
const double: ReturnType<typeof session> = ((_req, _res, next) => next()) as RequestHandler
app.use(double, session({ store: new (connectsqlite3(session))() }))

const url = 'redis://localhost'
export const stores: Store[] = [
  new Mine(),
  new Counting(),
  new MemoryStore(),
  new LmdbStore({ path: 'sessions.lmdb' }),
  new PostgresStore({ connectionString: url }),
  new RedisStore({ url }),
]
for (const store of stores) app.use(session({ store }))
stores[0]?.set('id', { cookie: { originalMaxAge: null }, views: 1 })

export async function views(store: LmdbStore): Promise<number> {
  const found = await store.get('id')
  return found === null ? 0 : found.views
}

export function codeOf(error: unknown): session.SessionErrorCode | undefined {
  return error instanceof SessionError ? error.code : undefined
}
export const options: session.SessionOptions & { cookie: session.CookieOptions } = { cookie: {} }
export const cookie: session.Cookie = new session.Cookie({ maxAge: 1 })
export const one: session.Session & Partial<session.SessionData> = new session.Session({}, {}) // as a test would
void Half
