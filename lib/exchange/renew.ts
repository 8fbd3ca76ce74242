import { type CookieAttributes, setCookieLine } from '../cookie/header'
import { Cookie } from '../session/cookie'
import { OWN_METHODS, Session } from '../session/session'
import type { RequestState } from './state'

/**
 * Makes a `Cookie` of whatever the handler has put there, and checks that it fits in a header: an attribute that does
 * not must not get into the record, where it would make every later response fail.
 *
 * @throws TypeError naming the attribute
 */
export function readyCookie({ req, known, context, createdAt }: RequestState, session: Session): void {
  if (!(session.cookie instanceof Cookie)) session.cookie = new Cookie(session.cookie)
  const { cookie } = session
  if (!Cookie.isTied(cookie)) Cookie.adopt(cookie, context.cookieBase(req), createdAt, known?.trust ?? '')
  const settings = Cookie.settings(cookie)
  if (settings === '' || settings === known?.settings) return
  setCookieLine(context.policy.name, '', cookie.data as CookieAttributes)
}

/**
 * Renews the life of the session, once per request: before its cookie is written and before it is saved, so that both
 * have one time. Without cookie and save it happens when the response ends: until then `cookie.maxAge` is what was left.
 */
export function renewOnce(state: RequestState, session: Session): void {
  if (state.renewed) return
  state.renewed = true
  const { touch } = session
  // A data key may have the method's name.
  if (touch === OWN_METHODS.touch || typeof touch !== 'function') {
    Session.prototype.resetMaxAge.call(session)
    return
  }
  // The application's own `touch` calls ours, which must not count as a call by the handler.
  const { touchedByHandler } = state
  session.touch()
  state.touchedByHandler = touchedByHandler
}
