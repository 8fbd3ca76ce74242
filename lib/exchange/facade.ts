import { LINK, type SessionRequest } from '../session/session'

/**
 * A request as one exchange sees it, where `req.session` itself belongs to another one: to the engine, or to a
 * middleware that was mounted later. Copied, because V8 takes microseconds to make a request the prototype of an object.
 */
class RequestFacade implements SessionRequest {
  /** The request itself, for functions of the application. */
  readonly original: SessionRequest
  session: SessionRequest['session'] = undefined
  sessionID: SessionRequest['sessionID'] = undefined
  sessionStore: SessionRequest['sessionStore']
  readonly headers: SessionRequest['headers']
  readonly method: SessionRequest['method']
  readonly url: SessionRequest['url']
  readonly originalUrl: SessionRequest['originalUrl']
  readonly connection: SessionRequest['connection']
  readonly socket: SessionRequest['socket']
  readonly secure: SessionRequest['secure']
  readonly secret: SessionRequest['secret']
  readonly cookies: SessionRequest['cookies']
  readonly signedCookies: SessionRequest['signedCookies'];
  [LINK]: SessionRequest[typeof LINK]

  constructor(req: SessionRequest) {
    this.original = req
    this.sessionStore = req.sessionStore
    this.headers = req.headers
    this.method = req.method
    this.url = req.url
    this.originalUrl = req.originalUrl
    this.connection = req.connection
    this.socket = req.socket
    this.secure = req.secure
    this.secret = req.secret
    this.cookies = req.cookies
    this.signedCookies = req.signedCookies
    this[LINK] = req[LINK]
  }
}

/** @returns what an exchange sees of a request, without the session that the request itself shows */
export function facadeOf(req: SessionRequest): SessionRequest {
  return new RequestFacade(req)
}

/** @returns the request that the application knows */
export function originalOf(req: SessionRequest): SessionRequest {
  return req instanceof RequestFacade ? req.original : req
}
