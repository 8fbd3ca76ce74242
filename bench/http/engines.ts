import type { NextHandleFunction } from 'connect'

/** The engine and `session()` on the same work: the same life, a cookie with every response, the same storage. */
export const ENGINE_KINDS = [
  'bare',
  'session, plain store',
  'engine, handlers',
  'session, MemoryStore',
  'engine, MemoryStore',
] as const

const LIFE_MS = 1_800_000
const SECRET = 'a secret of a sensible length'

export function engineMiddleware(kind: string): NextHandleFunction | undefined {
  const session = require('../../dist')
  const { SessionEngine } = require('../../dist/engine')
  const options = {
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { maxAge: LIFE_MS },
  }
  const engine = () => new SessionEngine({ duration: LIFE_MS, cookie: { secret: SECRET } })
  switch (kind) {
    case 'session, plain store':
      return session({ ...options, store: plainStore(session.Store) })
    case 'engine, handlers':
      return withHandlers(engine()).middleware
    case 'session, MemoryStore':
      return session(options)
    case 'engine, MemoryStore':
      return engine().useStore(new session.MemoryStore()).middleware
    default:
      return undefined
  }
}

/** What an application writes as handlers over a map. */
function withHandlers(engine: any): any {
  const records = new Map<string, { text: string; end: number }>()
  return engine
    .use('read', async (session: any) => {
      const record = records.get(session.id)
      return record && JSON.parse(record.text)
    })
    .use('touch', async (session: any) => {
      const record = records.get(session.id)
      if (record) record.end = session.expires_at
    })
    .use('write', async (session: any) => {
      records.set(session.id, { text: JSON.stringify(session.get()), end: session.expires_at })
    })
    .use('destroy', async (session: any) => {
      records.delete(session.id)
    })
}

/** The same as a store of express-session's kind. */
function plainStore(Store: any): any {
  const records = new Map<string, { text: string; end: number }>()
  return new (class extends Store {
    get(sid: string, callback: (error: unknown, session?: unknown) => void) {
      const record = records.get(sid)
      queueMicrotask(() => callback(null, record && JSON.parse(record.text)))
    }
    set(sid: string, session: any, callback: (error?: unknown) => void) {
      records.set(sid, { text: JSON.stringify(session), end: +session.cookie.expires })
      queueMicrotask(callback)
    }
    touch(sid: string, session: any, callback: (error?: unknown) => void) {
      const record = records.get(sid)
      if (record) record.end = +session.cookie.expires
      queueMicrotask(callback)
    }
    destroy(sid: string, callback: (error?: unknown) => void) {
      records.delete(sid)
      queueMicrotask(callback)
    }
  })()
}
