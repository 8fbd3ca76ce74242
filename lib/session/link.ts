import type { IncomingHttpHeaders } from 'node:http'
import type { Data } from '../record/text'
import type { Cookie } from './cookie'
import type { Session } from './session'
import type { Store } from './store'

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
  sessionStore?: Store | undefined
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
  [LINK]?: SessionLink
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
