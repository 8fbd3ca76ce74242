/**
 * Whether a cookie of this path is sent with a request to that one: RFC 6265 section 5.1.4. The paths are
 * identical, or the cookie's is a prefix which ends in `/` or is followed by `/`. So `/adm` covers `/adm/x`
 * and not `/admiral`.
 */
export function pathMatches(cookiePath: string, requestPath: string): boolean {
  if (cookiePath === '/') return true
  if (!requestPath.startsWith(cookiePath)) return false
  if (requestPath.length === cookiePath.length || cookiePath.endsWith('/')) return true
  return requestPath.charCodeAt(cookiePath.length) === SLASH
}

const SLASH = 0x2f

/** @returns the path of a request target (RFC 9112 section 3.2): origin form, or absolute form as proxies send it */
export function pathOf(target: string): string {
  if (target.charCodeAt(0) !== SLASH) {
    const scheme = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)
    if (!scheme) return '/'
    return pathOf(target.slice(scheme[0].length) || '/')
  }
  const query = target.search(/[?#]/)
  return query === -1 ? target : target.slice(0, query)
}
