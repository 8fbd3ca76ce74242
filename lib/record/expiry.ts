/**
 * Times of a session: when its record may be dropped, and whether a time-out of ours has ended it.
 * All in epoch milliseconds; `Infinity` for never.
 */
export interface Timeouts {
  /** Longest pause between two requests (OWASP, ASVS 7.3.1); `Infinity`: no such limit. */
  readonly idleMs: number
  /** Longest life from creation, whatever the activity (ASVS 7.3.2); `Infinity`: no such limit. */
  readonly absoluteMs: number
}

/** Whether there is no limit of ours: a session ends with its cookie. */
export function isTimeless({ idleMs, absoluteMs }: Timeouts): boolean {
  return idleMs === Infinity && absoluteMs === Infinity
}

/** The part of express-session's cookie that says when it ends. */
export type CookieExpires = Date | string | number | null | false | undefined

/** @returns when a cookie ends; `undefined` when it lives as long as the browser */
export function cookieEnd(expires: CookieExpires): number | undefined {
  if (expires === null || expires === undefined || expires === false) return undefined
  const end = expires instanceof Date ? expires.valueOf() : new Date(expires).valueOf()
  return Number.isNaN(end) ? undefined : end
}

/**
 * @param cookieEndsAt end of the cookie, or `undefined`
 * @param ttlMs how long a store keeps a session whose cookie ends with the browser
 * @returns the deadline of a record that is written or touched now: whatever comes first
 */
export function deadlineAt(
  now: number,
  cookieEndsAt: number | undefined,
  ttlMs: number,
  createdAt: number,
  timeouts: Timeouts,
): number {
  return Math.min(cookieEndsAt ?? now + ttlMs, now + timeouts.idleMs, createdAt + timeouts.absoluteMs)
}

/**
 * @param activeAt last request that the record knows of; 0: it does not say
 * @returns which time-out has ended a session, if one has
 */
export function timedOut(
  now: number,
  createdAt: number,
  activeAt: number,
  timeouts: Timeouts,
): 'idle' | 'absolute' | undefined {
  if (createdAt > 0 && now >= createdAt + timeouts.absoluteMs) return 'absolute'
  if (activeAt > 0 && now >= activeAt + timeouts.idleMs) return 'idle'
  return undefined
}

/** The lag of a deadline that nobody notices: a hundredth of what is granted, at most a minute. */
const UNNOTICED = 0.01
const UNNOTICED_MAX_MS = 60_000
/** A store that keeps the remaining time gives a deadline back off by what a command waits on its way. */
const SAME_MAX_MS = 1000

/**
 * Whether moving a deadline is worth a write: never when it stands; else by more than `touchAfterMs`, and by
 * default by more than a hundredth of the life or a minute. Backwards always, as a shorter life is a decision,
 * unless by so little that it is the same deadline.
 */
export function worthMoving(
  from: number,
  to: number,
  now: number,
  touchAfterMs: number | undefined,
): boolean {
  if (from === to) return false
  if (to < from) return from - to > Math.min((to - now) * UNNOTICED, SAME_MAX_MS)
  if (from === Infinity) return true
  if (touchAfterMs === undefined) return to - from > Math.min((to - now) * UNNOTICED, UNNOTICED_MAX_MS)
  return touchAfterMs === 0 || to - from > touchAfterMs
}
