import type { SessionOptions } from '../session/options'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * NIST SP 800-63B-4 section 5.1.1 on session cookies: Secure, HttpOnly, SameSite, a `__Host-` name with the path `/`, and
 * no end of their own. OWASP Session Management says the same.
 */
function profile(sameSite: 'lax' | 'strict', absoluteTimeout: number, idleTimeout?: number): SessionOptions {
  return Object.freeze({
    name: '__Host-session',
    cookie: Object.freeze({ path: '/', httpOnly: true, secure: true, sameSite }),
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    absoluteTimeout,
    saveUninitialized: false,
    resave: false,
  })
}

/** Options to spread: `session({ ...session.profiles.aal2, secret, store })`. For https alone. */
export const profiles = Object.freeze({
  /**
   * OWASP Session Management, applications of high value: 15 minutes without a request, 8 hours in all, `SameSite=Strict`:
   * who comes by a link from another site is not logged in on that page.
   */
  strict: profile('strict', 8 * HOUR, 15 * MINUTE),
  /** NIST SP 800-63B-4 section 2.1.3, AAL1: 30 days in all. */
  aal1: profile('lax', 30 * DAY),
  /** NIST SP 800-63B-4 section 2.2.3, AAL2: an hour without a request, 24 hours in all. */
  aal2: profile('lax', DAY, HOUR),
  /** NIST SP 800-63B-4 section 2.3.3, AAL3: 15 minutes without a request, 12 hours in all. */
  aal3: profile('lax', 12 * HOUR, 15 * MINUTE),
})
