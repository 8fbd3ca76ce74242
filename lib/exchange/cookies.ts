import { type CookieAttributes, clearCookieLine } from '../cookie/header'
import type { HookedResponse } from '../response/parts'
import { putSetCookie } from '../response/set-cookie'
import { Cookie } from '../session/cookie'
import { isSecure } from '../session/request'
import type { Session } from '../session/session'
import { warnIfRejected } from './cookie-warnings'
import { debugRequest } from './debug'
import { type CookieDecision, decideCookie } from './decide'
import { renewOnce } from './renew'
import type { RequestState } from './state'
import { liveText } from './text'

/** The attributes under which the browser has a session's cookie. */
export function cookieAttributes(state: RequestState, session?: Session): CookieAttributes {
  const cookie: unknown = session?.cookie
  return cookie instanceof Cookie ? (cookie.data as CookieAttributes) : state.context.cookieBase(state.req)
}

/** Decides what becomes of the cookie; `putCookie` does it when the headers leave. */
export function decideCookieLine(state: RequestState, modified: boolean): void {
  const { req, headersLeft } = state
  const decision = decideFor(state, modified)
  debugRequest(req, 'cookie', decision.action, decision.because)
  // Composed before anything is sent: attributes that cannot stand in a header are an error for `next`.
  state.cookieLine = headersLeft ? undefined : lineFor(state, decision)
  if (decision.action === 'withhold') tellWithheld(state, 'insecure')
  else if (headersLeft && decision.action === 'set' && req.sessionID !== state.cookieId) {
    tellWithheld(state, 'late')
  }
}

function tellWithheld({ req, context }: RequestState, because: 'insecure' | 'late'): void {
  context.tell('withheld', () => ({ because, session: context.fingerprint(String(req.sessionID)) }))
}

function decideFor(state: RequestState, modified: boolean): CookieDecision {
  const { req, context, cookieId, endedCookie } = state
  const { session, sessionID } = req
  const cookieSecure = session ? Boolean(session.cookie.secure) : false
  return decideCookie(
    {
      hasSession: Boolean(session),
      usableId: typeof sessionID === 'string',
      cookieSent: cookieId !== undefined,
      browserHasId: cookieId === sessionID,
      modified,
      ended: endedCookie !== undefined,
      cookieExpires: session?.cookie.expires != null,
      cookieSecure,
      requestSecure: cookieSecure && isSecure(req, context.policy.proxy),
    },
    context.policy,
  )
}

/** @throws TypeError when an attribute cannot stand in a header */
function lineFor(state: RequestState, { action }: CookieDecision): string | undefined {
  const { req, context } = state
  const { session, sessionID } = req
  if (action === 'clear') {
    if (context.trust) state.trustChange = 'logout'
    return clearCookieLine(context.policy.name, state.endedCookie ?? cookieAttributes(state))
  }
  const signer = context.signer(req)
  if (action !== 'set' || !signer || !session || !sessionID) return undefined
  renewOnce(state, session)
  warnIfRejected(req, session.cookie)
  return context.cookieLine(signer.seal(sessionID), session.cookie)
}

/**
 * Decides the cookie of a response that cannot wait for the save: by what is to be saved. Its `Set-Cookie` line leaves
 * next, so that from here on the browser counts as having the cookie.
 */
export function decideCookieAtOnce(state: RequestState): void {
  const { req, originalId, originalData } = state
  const { session } = req
  if (state.unbound || (session && state.isEnded(session.id))) return
  const modified =
    session !== null &&
    session !== undefined &&
    (originalId !== session.id || originalData !== liveText(session))
  decideCookieLine(state, modified)
  if (state.cookieLine !== undefined && session) state.cookieId = req.sessionID
}

/** Puts the cookie, set or cleared, on a response whose headers are about to leave. */
export function putCookie(state: RequestState, res: HookedResponse): void {
  const { cookieLine, context } = state
  state.headersLeft = true
  if (cookieLine !== undefined) {
    // The application may have sent them past the middleware.
    if (res.headersSent) tellWithheld(state, 'late')
    else putSetCookie(res, cookieLine, context.policy.cacheControl)
    state.cookieLine = undefined
  }
  if (state.trustChange) context.trust?.putHeaders(state.trustChange, state.req, res)
  state.trustChange = undefined
}
