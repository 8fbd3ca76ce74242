/** One fault: which rule of the browser breaks the cookie, and what to change. */
export interface Finding {
  readonly code: string
  readonly what: string
  /** Where it is written: a section of RFC 6265bis, unless it says otherwise. */
  readonly rule: string
  readonly fix: string
}

export interface SetCookie {
  readonly name: string
  readonly value: string
  readonly host: string
  /** Without a leading dot; `undefined`: only the host itself. */
  readonly domain: string | undefined
  readonly path: string
  readonly secure: boolean
  readonly sameSite: 'strict' | 'lax' | 'none' | undefined
  /** Milliseconds that it lives from `now`; `undefined`: as long as the browser. */
  readonly lifeMs: number | undefined
}

const PAIR_MAX = 4096
const ATTRIBUTE_MAX = 1024
const SHORT_MS = 60_000
/** Where everybody can have a host; browsers know thousands more (publicsuffix.org). */
const PUBLIC =
  /^(?:[^.]+|(?:co|com|org|net|ac|gov)\.[a-z]{2}|github\.io|(?:vercel|netlify|fly|web)\.app|(?:herokuapp|onrender)\.com|pages\.dev|azurewebsites\.net)$/

/** @returns the cookie of a `Set-Cookie` line, and why a browser would refuse it or soon forget it */
export function judgeSetCookie(
  line: string,
  url: URL,
  now: number,
): { cookie: SetCookie; faults: Finding[] } {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const name = (equals < 0 ? '' : pair.slice(0, equals)).trim()
  const value = pair.slice(equals + 1).trim()
  const attributes = new Map<string, string>()
  for (const part of rest) {
    const [key = '', ...words] = part.split('=')
    const text = words.join('=').trim()
    if (text.length <= ATTRIBUTE_MAX) attributes.set(key.trim().toLowerCase(), text)
  }
  const isHttps = url.protocol === 'https:'
  const host = url.hostname.toLowerCase()
  const domain = attributes.get('domain')?.toLowerCase().replace(/^\./, '') || undefined
  const given = attributes.get('path')
  const path = given?.startsWith('/') ? given : url.pathname.slice(0, url.pathname.lastIndexOf('/')) || '/'
  const secure = attributes.has('secure')
  const said = attributes.get('samesite')?.toLowerCase()
  const sameSite = said === 'strict' || said === 'lax' || said === 'none' ? said : undefined
  const maxAge = attributes.get('max-age')
  const expires = Date.parse(attributes.get('expires') ?? '')
  const lifeMs = /^-?\d+$/.test(maxAge ?? '')
    ? Number(maxAge) * 1000
    : Number.isNaN(expires)
      ? undefined
      : expires - now
  const cookie: SetCookie = {
    name,
    value,
    host,
    domain: domain === host ? undefined : domain,
    path,
    secure,
    sameSite,
    lifeMs,
  }
  const faults: Finding[] = []
  const fault = (code: string, what: string, rule: string, fix: string) =>
    faults.push({ code, what, rule, fix })

  if (Buffer.byteLength(name) + Buffer.byteLength(value) > PAIR_MAX)
    fault(
      'too-large',
      `name and value have more than ${PAIR_MAX} bytes`,
      '5.6',
      'keep data in the store and only an id in the cookie',
    )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a browser refuses
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(pair) || (name === '' && value === ''))
    fault(
      'malformed',
      'name or value has a control character, or both are empty',
      '5.6',
      'take a plain name and percent-encode the value',
    )
  if (secure && !isHttps)
    fault(
      'secure-over-http',
      'it is Secure, and came over plain http',
      '5.7, step 9',
      'serve the site over https and redirect http to it; for development only: cookie: { secure: false } or secure: "auto"',
    )
  if (sameSite === 'none' && !secure)
    fault(
      'none-without-secure',
      'SameSite=None without Secure',
      '5.7, step 13',
      'set cookie.secure: true with sameSite: "none", over https',
    )
  if (attributes.has('partitioned') && !secure)
    fault(
      'partitioned-without-secure',
      'Partitioned without Secure',
      'CHIPS, section 2.1',
      'set cookie.secure: true with partitioned: true, over https',
    )
  if (domain !== undefined && domain !== host && PUBLIC.test(domain))
    fault(
      'domain-public',
      `Domain=${domain} is a suffix under which everybody can have a host`,
      '5.7, step 5',
      `leave cookie.domain out, or name your own domain`,
    )
  else if (
    domain !== undefined &&
    domain !== host &&
    (/^[\d.]+$|:/.test(host) || !host.endsWith(`.${domain}`))
  )
    fault(
      'domain-mismatch',
      `Domain=${domain} does not cover the host ${host}`,
      '5.7, step 6',
      `leave cookie.domain out, or set it to a parent of ${host}; behind nginx: proxy_cookie_domain ${domain} ${host};`,
    )
  if (/^__host-/i.test(name) && (!secure || attributes.has('domain') || given !== '/'))
    fault(
      'host-prefix',
      'a name with __Host- needs Secure, Path=/ and no Domain',
      '4.1.3.2',
      'set cookie.secure: true and path: "/" and leave domain out, or take another name',
    )
  if (/^__secure-/i.test(name) && !secure)
    fault(
      'secure-prefix',
      'a name with __Secure- needs Secure',
      '4.1.3.1',
      'set cookie.secure: true, or take another name',
    )
  if (lifeMs !== undefined && lifeMs <= 0 && value !== '')
    fault(
      'expired',
      'it has expired already when it arrives',
      '5.7, step 3 and 5.6.1',
      'set the clock of the server; maxAge is milliseconds from now, expires a Date in the future',
    )
  else if (lifeMs !== undefined && lifeMs < SHORT_MS && value !== '')
    fault(
      'short-lived',
      `it lives for ${Math.round(lifeMs / 1000)} seconds only`,
      '5.6.2',
      'cookie.maxAge is in milliseconds: an hour is 3_600_000',
    )
  return { cookie, faults }
}

/** Section 5.1.3. */
export function domainMatches({ host, domain }: SetCookie, other: string): boolean {
  return domain === undefined ? other === host : other === domain || other.endsWith(`.${domain}`)
}

/** Section 5.1.4. */
export function pathCovers(path: string, pathname: string): boolean {
  return (
    pathname === path || (pathname.startsWith(path) && (path.endsWith('/') || pathname[path.length] === '/'))
  )
}

/** Whether a browser keeps it; one that lives shortly is kept. */
export function isKept(faults: readonly Finding[]): boolean {
  return faults.every(({ code }) => code === 'short-lived')
}
