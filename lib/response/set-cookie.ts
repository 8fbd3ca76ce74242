import { appendHeader, type HookedResponse } from './parts'

/** Adds a session's `Set-Cookie` line to the headers. @param cacheControl keep caches from storing it */
export function putSetCookie(res: HookedResponse, line: string, cacheControl: boolean): void {
  // Asked first: as long as there are no headers at all, that costs nothing.
  const cacheable = cacheControl && res.getHeader?.('Cache-Control') === undefined
  // Always a list: adapters of serverless hosts look for cookies in lists only.
  appendHeader(res, 'Set-Cookie', [line])
  // OWASP Session Management: caches must not keep the cookie. RFC 9111 section 5.2.2.4.
  if (cacheable) res.setHeader?.('Cache-Control', 'no-cache="Set-Cookie"')
}
