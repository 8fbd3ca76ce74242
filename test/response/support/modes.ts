import * as sojourn from '../../../lib/index'
import { type AppKind, appOf, type Handler, type Owner, type Served, serve } from '../../support/app'
import { oddStores } from '../../support/odd-stores'

/** How a response is looked at: without any session, or with one that is what the name says. */
export interface Mode {
  readonly name: string
  readonly use: 'none' | 'unchanged' | 'changed' | 'new'
  store(): unknown
}

const { SlowStore } = oddStores(sojourn.Store)
const slow = () => new SlowStore({ get: 1, set: 2, touch: 2 })
const memory = () => new sojourn.MemoryStore()

export const REFERENCE: Mode = { name: 'no session', use: 'none', store: () => undefined }

/** A memory store answers at once, a slow one holds the response until it has answered. */
export const MODES: readonly Mode[] = [
  { name: 'memory store, session unchanged', use: 'unchanged', store: memory },
  { name: 'memory store, session changed', use: 'changed', store: memory },
  { name: 'memory store, new session', use: 'new', store: memory },
  { name: 'slow store, session unchanged', use: 'unchanged', store: slow },
  { name: 'slow store, session changed', use: 'changed', store: slow },
  { name: 'slow store, new session', use: 'new', store: slow },
]

export const OPTIONS = { secret: 'a secret of the tests', resave: false, saveUninitialized: false }

export interface ModeServer extends Served {
  /** The `Cookie` header of a visitor, with a session in store where the mode wants one. */
  visitor(): Promise<Record<string, string>>
  /** What the session of these cookies holds now. */
  read(headers: Record<string, string>): Promise<Record<string, unknown>>
}

export interface Surroundings {
  kind: AppKind
  /** Middlewares in front of the session's, and behind it. */
  before?: Handler[]
  after?: Handler[]
  https?: boolean
}

/**
 * An application in which `handler` runs under a mode: behind the session middleware, with `req.session.mark` set
 * to the header `x-mark` where the mode says that the session changes.
 */
export async function serveMode(
  owner: Owner,
  { kind, before = [], after = [], https = false }: Surroundings,
  mode: Mode,
  handler: Handler,
): Promise<ModeServer> {
  const store = mode.store()
  const handlers: Handler[] = [...before]
  if (store) handlers.push(sojourn.session({ ...OPTIONS, store: store as never }) as Handler)
  handlers.push((req, res, next) => {
    const mark = req.headers['x-mark']
    if (req.url === '/make') req.session.made = true
    else if (mark && (mode.use === 'changed' || mode.use === 'new')) req.session.mark = mark
    if (req.url === '/make' || req.url === '/read') res.end(JSON.stringify(req.session))
    else next()
  })
  const served = await serve(owner, appOf(kind, [...handlers, ...after, handler]), { https })
  const client = served.client()
  let cookie: string | undefined
  return {
    ...served,
    async visitor() {
      if (mode.use === 'none' || mode.use === 'new') return {}
      cookie ??= (await client.get('/make')).setCookies[0]?.split(';', 1)[0] ?? ''
      return { Cookie: cookie }
    },
    async read(headers) {
      return JSON.parse((await client.get('/read', { cookie: headers['Cookie'] ?? null })).body)
    },
  }
}
