/** What browsers ask of a cookie before they keep it. They refuse it without a word, so ours has to be said here. */

export interface Judged {
  readonly secure?: unknown
  readonly sameSite?: unknown
  readonly partitioned?: unknown
}

/** @returns the attribute for which browsers refuse a cookie that is not `Secure` (RFC 6265bis section 5.7, CHIPS) */
export function wantsSecure({ secure, sameSite, partitioned }: Judged): string | undefined {
  if (secure) return undefined
  if (typeof sameSite === 'string' && sameSite.toLowerCase() === 'none') return "sameSite: 'none'"
  return partitioned ? 'partitioned: true' : undefined
}

/**
 * Whether a host may set a cookie for a domain: RFC 6265 section 5.1.3. An address is no part of a domain.
 *
 * @param host as in the header `Host`, perhaps with a port
 */
export function domainCovers(domain: string, host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '')
  const wanted = domain.toLowerCase().replace(/^\./, '')
  return name === wanted || (name.endsWith(`.${wanted}`) && !/^[\d.]+$/.test(name))
}
