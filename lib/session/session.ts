import type { IncomingHttpHeaders } from 'node:http'
import { asked, type Callback, type LooseError, settle } from '../base/async'
import { SessionError } from '../base/errors'
import type { CookieData } from '../cookie/settings'
import type { Data } from '../record/text'
import { readTrust } from '../record/trust'
import { Cookie } from './cookie'
import { setData } from './live-data'

/** What applications add their own types to, by declaration merging. */
export interface SessionData {
  cookie: CookieData
}

/**
 * Under this key a request carries what ties its session to the middleware that made it. A store's `regenerate` and
 * `createSession` read it, which may be of another copy of this package in the process: the copies share the key as long
 * as `SessionLink` is the same, and its number has to be raised with every change of that.
 */
export const LINK: unique symbol = Symbol.for('sojourn.link.1')

/** A request as this package sees it: node:http's, HTTP/2's, a socket.io handshake, or less. */
export interface SessionRequest {
  session?: Session | null | undefined
  sessionID?: string | undefined
  sessionStore?: SessionStoreMethods | undefined
  headers?: IncomingHttpHeaders | undefined
  method?: string | undefined
  url?: string | undefined
  httpVersionMajor?: number | undefined
  connection?: object | null | undefined
  socket?: object | null | undefined
  /** Set by Express and Connect: the target before a mount point was cut off. */
  originalUrl?: string | undefined
  /** Set by Express: whether the connection, or the trusted proxy's, is https. */
  secure?: boolean | undefined
  /** Set by cookie-parser. */
  secret?: string | undefined
  cookies?: Record<string, unknown> | undefined
  signedCookies?: Record<string, unknown> | undefined
  [LINK]?: SessionLink | undefined
}

/** What the methods of a session ask of the middleware. A session made by hand has no link and asks its store. */
export interface SessionLink {
  /** `session.touch()` was called: the deadline in the store is to move, however little that is. */
  noteTouch(session: Session): void
  save(session: Session): void | PromiseLike<void>
  reload(session: Session): void | PromiseLike<void>
  destroy(session: Session): void | PromiseLike<void>
  regenerate(session: Session): void | PromiseLike<void>
  renewId(session: Session): void | PromiseLike<void>
  /** Puts a session with a new id and no data on the request; called by `store.generate(req)`. */
  generate(): void
  /** A cookie with today's configuration and what the record overrode. */
  restoreCookie(raw: object): Cookie
  /** Ends an id by `destroy`, which asks the store: nothing that is in flight may write it again. */
  endBy(id: string, destroy: () => Promise<void>): Promise<void>
  /** `session.update(req, change)`. */
  update<R>(change: (data: Data) => R | PromiseLike<R>): Promise<R>
  /** Another middleware gives the request a session: this one leaves its hands off it. */
  giveWay(): void
}

/** What a session that no middleware made asks of its store. */
export interface SessionStoreMethods {
  /** Required. Answers the session of this id, or nothing when there is none. */
  get(sid: string, callback: (error?: LooseError, session?: SessionData | null) => void): unknown
  /** Required. Creates or replaces. */
  set(sid: string, session: SessionData, callback?: (error?: LooseError) => void): unknown
  /** Required. An absent session is no error. */
  destroy(sid: string, callback?: (error?: LooseError) => void): unknown
  /** Ends the request's session and generates a new one, even if ending failed. */
  regenerate(req: SessionRequest, callback: (error?: LooseError) => void): void
  /** Makes a `Session` of what a store answered and puts it on the request. */
  createSession(req: SessionRequest, session: SessionData): Session & SessionData
}

/** express-session's own names. A stored key of such a name gives way to the method; all others are data. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'req',
  'id',
  'touch',
  'resetMaxAge',
  'save',
  'reload',
  'destroy',
  'regenerate',
])

/**
 * What a handler sees as `req.session`: its data are own enumerable properties; `req`, `id` and the methods are
 * not. With a callback the methods do what express-session's do; without one they return a promise.
 */
export class Session {
  declare readonly req: SessionRequest
  /** The session id: what the cookie carries. */
  declare readonly id: string
  declare cookie: Cookie

  /** @param cookie put in place of the one among the data, in front of them */
  constructor(req: SessionRequest, data?: object | null, cookie?: Cookie) {
    Object.defineProperty(this, 'req', { value: req })
    // Configurable, because `renewId` gives the same object another id.
    Object.defineProperty(this, 'id', { value: req.sessionID, configurable: true })
    if (cookie) this.cookie = cookie
    if (typeof data !== 'object' || data === null) return
    for (const key of Object.keys(data)) {
      if (!OWN_NAMES.has(key) && !(cookie && key === 'cookie')) setData(this, key, (data as Data)[key])
    }
  }

  /**
   * Whether the session is bound to the browser's device, and this request has shown so: see the option `deviceBound`.
   * Data of this name take its place.
   */
  get bound(): boolean {
    const { cookie } = this
    return cookie instanceof Cookie && readTrust(Cookie.trustOf(cookie)).binding !== undefined
  }

  set bound(value: unknown) {
    Object.defineProperty(this, 'bound', { value, configurable: true, enumerable: true, writable: true })
  }

  /**
   * Renews the life of the cookie, as each request does by itself. Called by a handler it moves the deadline in the
   * store when the response ends, however little that is: `touchAfter` is for requests that only come by.
   */
  touch(): this {
    this.req[LINK]?.noteTouch(this)
    return this.resetMaxAge()
  }

  /** Sets `cookie.maxAge` back to its original value. */
  resetMaxAge(): this {
    Cookie.renew(this.cookie)
    return this
  }

  /** Saves now instead of at the end of the response. Rejects with the store's error. */
  save(): Promise<void>
  save(callback: Callback): this
  save(callback?: Callback): this | Promise<void> {
    const link = this.req[LINK]
    return answer(
      this,
      () =>
        link
          ? link.save(this)
          : asked((done) => storeOf(this).set(this.id, this as SessionData & this, done)),
      callback,
    )
  }

  /** Replaces `req.session` by what the store has now. Rejects when it has nothing. */
  reload(): Promise<void>
  reload(callback: Callback): this
  reload(callback?: Callback): this | Promise<void> {
    const link = this.req[LINK]
    return answer(this, () => (link ? link.reload(this) : reloadFromStore(this)), callback)
  }

  /** Ends the session: `req.session` is gone at once, the record when this settles. */
  destroy(): Promise<void>
  destroy(callback: Callback): this
  destroy(callback?: Callback): this | Promise<void> {
    const { req } = this
    delete req.session
    const link = req[LINK]
    return answer(
      this,
      () => (link ? link.destroy(this) : asked((done) => storeOf(this).destroy(this.id, done))),
      callback,
    )
  }

  /** Ends the session and puts an empty one with a new id on the request. Use it at login (OWASP, ASVS 7.2.4). */
  regenerate(): Promise<void>
  regenerate(callback: Callback): this
  regenerate(callback?: Callback): this | Promise<void> {
    const link = this.req[LINK]
    return answer(
      this,
      () => (link ? link.regenerate(this) : asked((done) => storeOf(this).regenerate(this.req, done))),
      callback,
    )
  }

  /**
   * A new id for the same data; the old id is dead at once. For a change of privilege that keeps the data
   * (OWASP, ASVS 7.2.4).
   *
   * @throws SessionError ERR_SESSION_GONE when the session was ended meanwhile
   */
  renewId(): Promise<void>
  renewId(callback: Callback): this
  renewId(callback?: Callback): this | Promise<void> {
    const link = this.req[LINK]
    return answer(
      this,
      () => {
        if (!link)
          throw new SessionError('ERR_SESSION_USAGE', 'renewId: this session belongs to no middleware')
        return link.renewId(this)
      },
      callback,
    )
  }
}

/** @internal the methods as they are here: applications put others in their place */
export const OWN_METHODS = Object.freeze({ touch: Session.prototype.touch, save: Session.prototype.save })

/** @internal gives the same session object another id */
export function setSessionId(session: Session, id: string): void {
  Object.defineProperty(session, 'id', { value: id, configurable: true })
}

function answer<T extends Session>(
  session: T,
  work: () => void | PromiseLike<void>,
  callback: Callback | undefined,
): T | Promise<void> {
  const promise = settle(work, callback)
  return callback ? session : promise
}

function storeOf(session: Session): SessionStoreMethods {
  const store = session.req.sessionStore
  if (!store)
    throw new SessionError('ERR_SESSION_USAGE', 'this session has no store: its request has no sessionStore')
  return store
}

async function reloadFromStore(session: Session): Promise<void> {
  const store = storeOf(session)
  const found = await asked<SessionData | null | undefined>((done) => store.get(session.id, done))
  if (!found) throw new Error('failed to load session')
  store.createSession(session.req, found)
}
