import { type CookieAttributes, setCookieLine } from '../cookie/header'
import { Cookie } from '../session/cookie'
import { OWN_METHODS, Session } from '../session/session'
import type { Exchange } from './exchange'

/**
 * The session's cookie as one of ours, whatever the handler has put there, and fit for a header: what is not must
 * not get into the record, from which it would fail every later response.
 *
 * @throws TypeError naming the attribute
 */
export function readyCookie({ req, held, room, createdAt }: Exchange, session: Session): void {
  if (!(session.cookie instanceof Cookie)) session.cookie = new Cookie(session.cookie)
  const { cookie } = session
  if (!Cookie.isTied(cookie)) Cookie.adopt(cookie, room.cookieBase(req), createdAt)
  const settings = Cookie.settings(cookie)
  if (settings === '' || settings === held?.settings) return
  setCookieLine(room.policy.name, '', cookie.data as CookieAttributes)
}

/**
 * Renews the life of the session: before its cookie and before its save, so that both carry one time; where there
 * is neither, when the response ends, so that until then `cookie.maxAge` is what was left of the life.
 */
export function renewOnce(exchange: Exchange, session: Session): void {
  if (exchange.touched) return
  exchange.touched = true
  const { touch } = session
  // A data key may have the method's name.
  if (touch === OWN_METHODS.touch || typeof touch !== 'function') {
    Session.prototype.resetMaxAge.call(session)
    return
  }
  // One that the application has put there calls ours, which must not take that for the handler's own.
  const { touchedByHandler } = exchange
  session.touch()
  exchange.touchedByHandler = touchedByHandler
}
