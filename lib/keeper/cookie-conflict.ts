import { cookieEnd } from '../record/expiry'
import type { Data } from '../record/text'
import { mergedTrust } from '../record/trust'
import { Cookie } from '../session/cookie'
import { LINK, type Session } from '../session/session'
import { laterMark } from '../store/admission'
import type { KnownSession } from './contract'

/**
 * The cookie is never merged: it is mine if this request has set it; else theirs goes on the session and lives on
 * from now, as with every request, so that store and browser are told the same.
 *
 * @returns `false`: the session belongs to no middleware that could tell what theirs means
 */
export function resolveCookieConflict(known: KnownSession, session: Session, theirs: Data): boolean {
  const admitted = laterMark(Cookie.admittedAs(session.cookie), theirs['admitted'])
  const trust = mergedTrust(Cookie.trustOf(session.cookie), theirs['trust'])
  Cookie.admit(session.cookie, admitted)
  Cookie.entrust(session.cookie, trust)
  if (Cookie.settings(session.cookie) !== known.settings) return true
  const cookie = session.req[LINK]?.restoreCookie(theirs)
  if (!cookie) return false
  Cookie.admit(cookie, admitted)
  Cookie.entrust(cookie, trust)
  known.settings = Cookie.settings(cookie)
  Cookie.renew(cookie)
  session.cookie = cookie
  return true
}

/** @returns the text of the cookie that a merge keeps: mine if this request has set it, else theirs with the later end */
export function resolvedCookieText(known: KnownSession, session: Session, theirs: Data): string {
  if (resolveCookieConflict(known, session, theirs)) return Cookie.text(session.cookie)
  const end = cookieEnd(theirs['expires'] as string | null)
  const later = Math.max(cookieEnd(session.cookie.expires) ?? 0, end ?? 0)
  return JSON.stringify(end === undefined ? theirs : { ...theirs, expires: new Date(later) })
}
