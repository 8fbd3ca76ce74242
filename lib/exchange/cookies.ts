import { type CookieAttributes, clearCookieLine } from '../cookie/header'
import { appendHeader } from '../response/parts'
import { Cookie } from '../session/cookie'
import { isSecure } from '../session/request'
import type { Session } from '../session/session'
import { warnIfRejected } from './cookie-warnings'
import { debugRequest } from './debug'
import { type CookieDecision, decideCookie } from './decide'
import type { Exchange } from './exchange'
import { renewOnce } from './renew'

/** What has to be known of an ended session to make the browser forget its cookie. */
export interface Ended {
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
  debugRequest(req, 'cookie', decision.action, decision.because)
  // Composed before anything is sent: attributes that cannot stand in a header are an error for `next`.
  exchange.cookieLine = headersLeft ? undefined : lineFor(exchange, decision)
  if (decision.action === 'withhold') {
    room.tell('withheld', () => ({ because: 'insecure', session: room.fingerprint(String(req.sessionID)) }))
  } else if (headersLeft && decision.action === 'set' && req.sessionID !== exchange.cookieId) {
    room.tell('withheld', () => ({ because: 'late', session: room.fingerprint(String(req.sessionID)) }))
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

/** @throws TypeError when an attribute cannot stand in a header */
function lineFor(exchange: Exchange, { action }: CookieDecision): string | undefined {
  const { req, room } = exchange
  const { session, sessionID } = req
  if (action === 'clear')
    return clearCookieLine(room.policy.name, exchange.ended?.attributes ?? attributesOf(exchange))
  const signer = room.signer(req)
  if (action !== 'set' || !signer || !session || !sessionID) return undefined
  renewOnce(exchange, session)
  warnIfRejected(req, session.cookie)
  return room.cookieLine(signer.seal(sessionID), session.cookie)
}

/** Puts the cookie, set or cleared, on the response. */
export function putHeaders({ req, res, room }: Exchange, line: string): void {
  if (res.headersSent) {
    // Somebody has sent them past the middleware.
    room.tell('withheld', () => ({ because: 'late', session: room.fingerprint(String(req.sessionID)) }))
    return
  }
  // Asked first: as long as there are no headers at all, that costs nothing.
  const cacheable = room.policy.cacheControl && res.getHeader?.('Cache-Control') === undefined
  // Always a list: adapters of serverless hosts look for cookies in lists only.
  appendHeader(res, 'Set-Cookie', [line])
  if (cacheable) {
    // OWASP Session Management: caches must not keep the cookie. RFC 9111 section 5.2.2.4.
    res.setHeader?.('Cache-Control', 'no-cache="Set-Cookie"')
  }
}
