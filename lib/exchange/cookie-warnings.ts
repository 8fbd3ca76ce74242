import { warnOnce, warnOnceEach } from '../base/warnings'
import { domainCovers, type Judged, wantsSecure } from '../cookie/browser-rules'
import type { Cookie } from '../session/cookie'
import { isSecure } from '../session/request'
import type { SessionRequest } from '../session/session'

/** Attributes with which no browser keeps the cookie, whatever the request. */
export function warnIfInsecure(cookie: Judged): void {
  const attribute = wantsSecure(cookie)
  if (attribute === undefined) return
  warnOnceEach(
    'SOJOURN_COOKIE_REJECTED',
    `browsers refuse a cookie with ${attribute} that is not secure, and each request starts a new session; set ` +
      'cookie.secure: true and serve over https (behind a proxy also app.set("trust proxy", 1) or the option proxy: true)',
  )
}

/** A cookie that is about to be sent, and that the browser will not keep. */
export function warnIfRejected(req: SessionRequest, cookie: Cookie): void {
  if (!cookie.secure && (cookie.sameSite || cookie.partitioned)) warnIfInsecure(cookie)
  if (cookie.domain) warnIfForeign(req, cookie.domain)
}

function warnIfForeign(req: SessionRequest, domain: string): void {
  const hosts = hostsOf(req)
  if (hosts.length === 0 || hosts.some((host) => domainCovers(domain, host))) return
  warnOnce(
    'SOJOURN_COOKIE_DOMAIN',
    `cookie.domain is ${JSON.stringify(domain)} and a request came to ${JSON.stringify(hosts[0]?.slice(0, 80))}: ` +
      'browsers refuse a cookie for a domain that the host does not belong to; leave cookie.domain out, or let ' +
      'the proxy in front pass the host on (X-Forwarded-Host)',
  )
}

/** The host that the browser asked, and what a proxy in front says it was: either may be the true one. */
function hostsOf({ headers }: SessionRequest): string[] {
  const named = [headers?.host, headers?.[':authority'], headers?.['x-forwarded-host']]
  return named.flatMap((value) => String(value ?? '').split(',')).flatMap((host) => host.trim() || [])
}

/**
 * `secure: 'auto'` on a request that a proxy calls https, and is not believed: the cookie goes without `Secure`.
 *
 * @param proxy `false`: the application has said that it believes none
 */
export function warnIfUntrusted(req: SessionRequest, proxy: boolean | undefined): void {
  if (proxy === false || !isSecure({ headers: req.headers }, true)) return
  warnOnce(
    'SOJOURN_PROXY_UNTRUSTED',
    "cookie.secure or cookie.sameSite is 'auto' and a request came with X-Forwarded-Proto: https, which is not believed, " +
      'so its cookie is not secure; set app.set("trust proxy", 1) or the option proxy: true',
  )
}
