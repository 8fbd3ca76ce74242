import { asked, type Callback, settle } from '../base/async'
import { SessionError } from '../base/errors'
import type { CookieData } from '../cookie/settings'
import { applyDelta, deltaBetween } from '../record/delta'
import { type Data, dataText, parseData } from '../record/text'
import { Cookie } from './cookie'
import { LINK, type SessionRequest } from './link'
import type { Store } from './store'

/** What applications add their own types to, by declaration merging. */
export interface SessionData {
  cookie: CookieData
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

/** @internal one key of data, whatever its name */
export function setData(session: object, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(session, key, { value, configurable: true, enumerable: true, writable: true })
  } else {
    ;(session as Data)[key] = value
  }
}

/** @internal makes these the session's data; a value that says the same already stays the same object */
export function showData(session: Session, data: Data): void {
  const live = session as unknown as Data
  for (const key of Object.keys(live)) {
    if (key !== 'cookie' && !Object.hasOwn(data, key)) delete live[key]
  }
  for (const key of Object.keys(data)) {
    if (key === 'cookie') continue
    if (Object.hasOwn(live, key) && JSON.stringify(live[key]) === JSON.stringify(data[key])) continue
    setData(session, key, data[key])
  }
}

/**
 * @internal Shows the data of the text `to` where the session showed those of `from`; what has been changed in it
 * since then stays.
 *
 * @returns `to` as the session's own data text, which may have the keys in another order
 */
export function showInstead(session: Session, from: string, to: string): string {
  const now = dataText(session)
  if (now === from) {
    showData(session, parseData(to))
    return dataText(session)
  }
  showData(session, parseData(applyDelta(deltaBetween(from, now), to)))
  return to
}

function answer<T extends Session>(
  session: T,
  work: () => void | PromiseLike<void>,
  callback: Callback | undefined,
): T | Promise<void> {
  const promise = settle(work, callback)
  return callback ? session : promise
}

function storeOf(session: Session): Store {
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
