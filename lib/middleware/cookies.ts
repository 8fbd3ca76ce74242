import { type CookieAttributes, clearCookieLine } from '../core/cookie-header'
import { type CookieDecision, decideCookie } from '../core/decide'
import { fingerprint } from '../core/id'
import { debug } from '../core/warning'
import { isSecure } from '../http/request'
import { appendHeader } from '../http/response-parts'
import { Cookie } from '../session/cookie'
import type { Session } from '../session/session'
import type { Exchange } from './exchange'

/** What has to be known of an ended session to make the browser forget its cookie. */
export interface Ended {
  readonly id: string
  readonly attributes: CookieAttributes
}

/** The attributes under which the browser has a session's cookie. */
export function attributesOf(exchange: Exchange, session?: Session): CookieAttributes {
  const cookie: unknown = session?.cookie
  return cookie instanceof Cookie ? (cookie.data as CookieAttributes) : exchange.room.cookieBase(exchange.req)
}

/** Decides what becomes of the cookie; `putHeaders` does it when the headers leave. */
export function decideHeaders(exchange: Exchange, modified: boolean): void {
  const { req, room, headersLeft } = exchange
  const decision = decideFor(exchange, modified)
  if (debug.enabled) debug('cookie: %s, because: %s', decision.action, decision.because)
  exchange.hasHeaders = decision.action === 'set' || decision.action === 'clear'
  exchange.clearsCookie = decision.action === 'clear'
  if (decision.action === 'withhold') {
    room.tell('withheld', () => ({ because: 'insecure', session: fingerprint(String(req.sessionID)) }))
  } else if (headersLeft && decision.action === 'set' && req.sessionID !== exchange.cookieId) {
    room.tell('withheld', () => ({ because: 'late', session: fingerprint(String(req.sessionID)) }))
  }
}

function decideFor(exchange: Exchange, modified: boolean): CookieDecision {
  const { req, room, cookieId, ended } = exchange
  const { session, sessionID } = req
  const cookieSecure = session ? Boolean(session.cookie.secure) : false
  return decideCookie(
    {
      hasSession: Boolean(session),
      usableId: typeof sessionID === 'string',
      cookieSent: cookieId !== undefined,
      browserHasId: cookieId === sessionID,
      modified,
      ended: ended !== undefined,
      cookieExpires: session?.cookie.expires != null,
      cookieSecure,
      requestSecure: cookieSecure && isSecure(req, room.policy.proxy),
    },
    room.policy,
  )
}

/** Puts the cookie, set or cleared, on the response. */
export function putHeaders(exchange: Exchange): void {
  const { req, res, room } = exchange
  exchange.hasHeaders = false
  const { name, cacheControl } = room.policy
  let line: string
  if (exchange.clearsCookie) {
    line = clearCookieLine(name, exchange.ended?.attributes ?? attributesOf(exchange))
  } else {
    const signer = room.signer(req)
    const { session, sessionID } = req
    if (!signer || !session || !sessionID) return
    line = room.cookieLine(signer.seal(sessionID), session.cookie)
  }
  appendHeader(res, 'Set-Cookie', line)
  if (cacheControl && res.getHeader?.('Cache-Control') === undefined) {
    // OWASP Session Management: caches must not keep the cookie. RFC 9111 section 5.2.2.4.
    res.setHeader?.('Cache-Control', 'no-cache="Set-Cookie"')
  }
}
