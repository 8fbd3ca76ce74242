import { cookieEnd, deadlineAt, isTimeless, type Timeouts } from '../../record/expiry'
import { Cookie } from '../../session/cookie'
import type { Session } from '../../session/session'

/** @returns the deadline of a session's record, as of `now` */
export function deadlineOf(session: Session, ttlMs: number, timeouts: Timeouts, now: number): number {
  const { cookie } = session
  const end = cookieEnd(cookie.expires)
  if (end !== undefined && isTimeless(timeouts)) return end
  return deadlineAt(now, end, ttlMs, Cookie.createdAt(cookie) || now, timeouts)
}
