import { type CookieAttributes, setCookieLine } from '../cookie/header'
import { Cookie } from '../session/cookie'
import { OWN_METHODS, Session } from '../session/session'
import type { RequestState } from './state'

/**
 * The session's cookie as one of ours, whatever the handler has put there, and fit for a header: what is not must
 * not get into the record, from which it would fail every later response.
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
 * Renews the life of the session: before its cookie and before its save, so that both carry one time; where there
 * is neither, when the response ends, so that until then `cookie.maxAge` is what was left of the life.
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
  // One that the application has put there calls ours, which must not take that for the handler's own.
  const { touchedByHandler } = state
  session.touch()
  state.touchedByHandler = touchedByHandler
}
