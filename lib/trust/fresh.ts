import { settle } from '../base/async'
import { systemClock } from '../base/clock'
import { badOption, SessionError } from '../base/errors'
import { Exchange } from '../exchange/exchange'
import { appendHeader, type HookedResponse } from '../response/parts'
import type { AnyRequest } from '../session/options'
import { LINK, type Session, type SessionRequest } from '../session/session'
import { BoundSessions } from './bound-sessions'
import { bindingOf, keep, notesOf } from './notes'

/**
 * Notes that the user has just proved who they are: after a login (behind `regenerate()`, which begins another session)
 * or when a password was asked for again (ASVS 7.5.1). It is saved at once, and `renewId()` keeps it.
 *
 * @throws SessionError ERR_SESSION_USAGE when the request has no session, and what `save()` throws
 */
export function confirm(req: AnyRequest): Promise<void> {
  return settle(() => keep(sessionOf(req, 'confirm'), { confirmedAt: systemClock() }), undefined)
}

/** Whether the user has proved who they are within these milliseconds. `false` without a session. */
export function fresh(req: AnyRequest, ms: number): boolean {
  const { session } = req as SessionRequest
  const at = session ? notesOf(session).confirmedAt : 0
  return at > 0 && systemClock() - at <= ms
}

/**
 * Asks the browser for a key though the login keeps its id: `regenerate()` and `renewId()` do so by themselves.
 *
 * @throws SessionError ERR_SESSION_USAGE without a session or the option `deviceBound`, and what `save()` throws
 */
export function bind(req: AnyRequest): Promise<void> {
  return settle(() => {
    const session = sessionOf(req, 'bind')
    const link = (req as SessionRequest)[LINK]
    const trust = link instanceof Exchange ? link.state.context.trust : undefined
    if (!(link instanceof Exchange) || !trust)
      throw new SessionError('ERR_SESSION_USAGE', 'bind: the middleware has not the option deviceBound')
    trust.beforeLogin(session)
    link.state.unbound = false
    link.state.trustChange = 'login'
    return session.save()
  }, undefined)
}

export interface FreshOptions {
  /** Milliseconds. */
  within: number
  /**
   * What must have been proved: `'user'`, by `sessions.confirm(req)`; or `'key'`, by the device that the session is bound
   * to, of which a browser is asked once more by a redirect (307) to the same place. Default `'user'`.
   */
  proof?: 'user' | 'key' | undefined
  /** Answers in the place of the 401, as a redirect to the page that asks for the password. */
  otherwise?: ((req: AnyRequest, res: AnyRequest, next: (error?: AnyRequest) => void) => unknown) | undefined
}

/**
 * Makes a middleware that lets a request go on if it was proved lately who sends it. Else 401, with the reason in
 * `WWW-Authenticate` as RFC 9470 has it.
 *
 * @throws TypeError ERR_SESSION_OPTION when an option is wrong
 */
export function requireFresh({ within, proof = 'user', otherwise }: FreshOptions) {
  if (typeof within !== 'number' || !(within > 0))
    badOption('within', 'milliseconds as a number above 0', within)
  if (proof !== 'user' && proof !== 'key') badOption('proof', "'user' or 'key'", proof)
  if (otherwise !== undefined && typeof otherwise !== 'function')
    badOption('otherwise', 'a function', otherwise)
  return (req: AnyRequest, res: AnyRequest, next: (error?: AnyRequest) => void): void => {
    const isProved = proof === 'user' ? fresh(req, within) : isKeyFresh(req, within)
    if (isProved) next()
    else if (proof === 'key' && asksForKey(req, res)) res.end()
    else if (otherwise) otherwise(req, res, next)
    else refuse(res, within)
  }
}

function boundSessionsOf(req: SessionRequest): BoundSessions | undefined {
  const link = req[LINK]
  const trust = link instanceof Exchange ? link.state.context.trust : undefined
  return trust instanceof BoundSessions ? trust : undefined
}

function isKeyFresh(req: SessionRequest, within: number): boolean {
  const binding = req.session ? bindingOf(req.session) : undefined
  const now = systemClock()
  const at = binding && boundSessionsOf(req)?.cookie.provenAt(req, binding, now)
  return at !== undefined && now - at <= within
}

/**
 * The bound cookie is taken from the browser, which then proves its key before it follows. One that cannot comes back
 * without a session, and is refused.
 */
function asksForKey(req: SessionRequest, res: HookedResponse): boolean {
  const bound = boundSessionsOf(req)
  if (!bound || !req.session || !bindingOf(req.session) || !bound.cookie.isIn(req)) return false
  res.statusCode = 307
  // One slash: two would be another host.
  res.setHeader?.('Location', (req.originalUrl ?? req.url ?? '/').replace(/^[/\\]+/, '/'))
  res.setHeader?.('Cache-Control', 'no-store')
  appendHeader(res, 'Set-Cookie', [bound.cookie.clearLine()])
  return true
}

function refuse(res: HookedResponse, within: number): void {
  res.statusCode = 401
  const seconds = Math.floor(within / 1000)
  res.setHeader?.(
    'WWW-Authenticate',
    `Session error="insufficient_user_authentication", max_age="${seconds}"`,
  )
  res.setHeader?.('Cache-Control', 'no-store')
  res.setHeader?.('Content-Type', 'application/json')
  res.end?.(JSON.stringify({ error: 'insufficient_user_authentication', max_age: seconds }))
}

function sessionOf({ session }: SessionRequest, method: string): Session {
  if (session) return session
  throw new SessionError('ERR_SESSION_USAGE', `${method}: the request has no session`)
}
