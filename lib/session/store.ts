import { EventEmitter } from 'node:events'
import { asked, type Callback, type LooseError, settle } from '../base/async'
import type { CookieData } from '../cookie/settings'
import { Cookie } from './cookie'
import { LINK, Session, type SessionData, type SessionRequest, type SessionStoreMethods } from './session'

/**
 * The abstract store of express-session: authors implement `get`, `set` and `destroy`, should implement `touch`,
 * and may implement `all`, `length` and `clear`.
 */
export interface Store extends EventEmitter, SessionStoreMethods {
  /** Recommended. Moves the deadline to `session.cookie.expires`; never creates. */
  touch?(sid: string, session: SessionData, callback?: (error?: LooseError) => void): unknown
  /** Optional. All sessions, by id or as an array with the id added. */
  all?(callback: (error?: LooseError, sessions?: SessionList | null) => void): unknown
  /** Optional. How many there are. */
  length?(callback: (error?: LooseError, length?: number) => void): unknown
  /** Optional. Ends them all. */
  clear?(callback?: (error?: LooseError) => void): unknown
  /** Assigned by the middleware: puts a new session on the request. */
  generate(req: SessionRequest): void
  /** Loads a session outside a request. Answers nothing when there is none. */
  load(sid: string, callback: (error?: LooseError, session?: Session & SessionData) => void): void
}

/** What is asked of a store. Those written for express-session have it, whoever's types they were compiled with. */
export interface StoreLike {
  get(sid: string, callback: (error?: LooseError, session?: LooseError) => void): unknown
  set(sid: string, session: LooseError, callback?: (error?: LooseError) => void): unknown
  destroy(sid: string, callback?: (error?: LooseError) => void): unknown
  touch?(sid: string, session: LooseError, callback?: (error?: LooseError) => void): unknown
  on(event: string, listener: (...args: LooseError[]) => void): unknown
}

export type SessionList = SessionData[] | { [sid: string]: SessionData }

/** Callable and constructable: published stores say `Store.call(this)` as well as `extends Store`. */
export interface StoreConstructor {
  new (options?: object): Store
  (this: unknown, options?: object): void
  readonly prototype: Store
}

/** Keeps no state of its own: some stores inherit from the prototype and never call this. */
function StoreFunction(this: EventEmitter): void {
  EventEmitter.call(this)
}

const methods = {
  regenerate(this: Store, req: SessionRequest, callback: Callback): void {
    const id = req.sessionID as string
    const destroy = () => asked((done) => this.destroy(id, done))
    settle(async () => {
      try {
        await (req[LINK]?.endBy(id, destroy) ?? destroy())
      } finally {
        this.generate(req)
      }
    }, callback)
  },

  load(this: Store, sid: string, callback: Callback<Session & SessionData>): void {
    this.get(sid, (error, found) => {
      if (error) return callback(error)
      if (!found) return callback()
      callback(null, this.createSession({ sessionID: sid, sessionStore: this }, found))
    })
  },

  createSession(this: Store, req: SessionRequest, found: SessionData): Session & SessionData {
    found.cookie = req[LINK]?.restoreCookie(found.cookie) ?? cookieOf(found.cookie)
    const session = new Session(req, found) as Session & SessionData
    req.session = session
    return session
  },
}

function cookieOf(raw: CookieData): Cookie {
  const { originalMaxAge } = raw
  const expires: unknown = raw.expires
  const cookie = new Cookie(raw)
  if (typeof expires === 'string') cookie.expires = new Date(expires)
  // After `expires`, which sets it too: renewing goes back to the life that the session began with.
  cookie.originalMaxAge = originalMaxAge
  return cookie
}

Object.defineProperty(StoreFunction, 'name', { value: 'Store' })
Object.setPrototypeOf(StoreFunction, EventEmitter)
Object.setPrototypeOf(StoreFunction.prototype, EventEmitter.prototype)
for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(StoreFunction.prototype, name, { value, configurable: true, writable: true })
}

/** @internal the methods as they are here: applications put others in their place, also on the prototype */
export const OWN_STORE_METHODS = Object.freeze({ ...methods })

export const Store = StoreFunction as unknown as StoreConstructor
