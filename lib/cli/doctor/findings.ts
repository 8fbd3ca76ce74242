import { domainMatches, type Finding, isKept, judgeSetCookie, pathCovers, type SetCookie } from './set-cookie'

/** One request and its answer. */
export interface HttpExchange {
  /** `fresh`: another visitor; `forwarded`: as `visit`, with a header that says https. */
  readonly step: 'visit' | 'login' | 'again' | 'fresh' | 'forwarded'
  readonly url: string
  /** The `Cookie` header that was sent. */
  readonly sent: string
  readonly status: number
  readonly setCookies: readonly string[]
  readonly location?: string | undefined
}

export interface Transcript {
  readonly exchanges: readonly HttpExchange[]
  /** The session's cookie; `undefined`: what looks like one. */
  readonly cookieName?: string | undefined
  /** Another origin whose page makes the requests. */
  readonly from?: string | undefined
  readonly hasLogin: boolean
  readonly now: number
}

const LOOKS_LIKE = /sid|sess/i
export const REDIRECTS_MAX = 10

/** @returns all that is amiss with the session's cookie, the cause first; nothing: it is set and sent back */
export function diagnose(transcript: Transcript): Finding[] {
  const { exchanges, now } = transcript
  const name = transcript.cookieName ?? guessName(exchanges)
  const judged = exchanges.flatMap((exchange) =>
    exchange.setCookies
      .map((line) => ({ exchange, ...judgeSetCookie(line, new URL(exchange.url), now) }))
      .filter(({ cookie }) => cookie.name === name),
  )
  const own = judged.filter(({ exchange }) => exchange.step !== 'forwarded' && exchange.step !== 'fresh')
  if (own.length === 0) return [withoutCookie(transcript, judged.length > 0)]
  const faults = own.flatMap((one) => one.faults)
  const kept = own.filter((one) => isKept(one.faults)).map((one) => one.cookie)
  const found = [...faults, ...notReturned(exchanges, kept), ...crossSite(transcript, kept), ...several(kept)]
  const fresh = judged.find(({ exchange }) => exchange.step === 'fresh')
  if (fresh && own.some(({ cookie }) => cookie.value === fresh.cookie.value && cookie.value !== ''))
    found.push(SHARED)
  if (kept.length > 0 && found.every(({ code }) => code === 'short-lived'))
    found.push(...unknown(exchanges, name))
  return [...new Map(found.map((one) => [one.code, one])).values()]
}

function guessName(exchanges: readonly HttpExchange[]): string {
  const lines = exchanges.flatMap(({ setCookies }) => setCookies)
  const names = lines.map((line) => line.slice(0, Math.max(line.indexOf('='), 0)).trim())
  const signed = lines.findIndex((line) => /^[^=;]*=s(?:%3A|:)/i.test(line))
  return names.find((name) => LOOKS_LIKE.test(name)) ?? names[Math.max(signed, 0)] ?? 'connect.sid'
}

const SHARED: Finding = {
  code: 'shared',
  what: 'another visitor got the very same session: answers with Set-Cookie are cached on their way',
  rule: 'RFC 9111, section 7.3',
  fix: 'let nothing cache them: remove proxy_ignore_headers Set-Cookie; and proxy_cache for pages with sessions, or send Cache-Control: private',
}

function withoutCookie({ exchanges, hasLogin }: Transcript, whenForwarded: boolean): Finding {
  if (exchanges.filter(({ location }) => location !== undefined).length > REDIRECTS_MAX) {
    return {
      code: 'redirect-loop',
      what: 'the site redirects for ever, and sets no session cookie',
      rule: 'RFC 9110, section 15.4',
      fix: 'if http is redirected to https, tell the application that it is https: proxy_set_header X-Forwarded-Proto $scheme;',
    }
  }
  const isHttps = exchanges.some(({ url }) => url.startsWith('https:'))
  if (whenForwarded) {
    return isHttps
      ? {
          code: 'no-forwarded-proto',
          what: 'no cookie is set; it is when the request says X-Forwarded-Proto: https. The proxy does not say so',
          rule: 'the option cookie.secure',
          fix: 'in nginx: proxy_set_header X-Forwarded-Proto $scheme; (this also keeps visitors from forging it)',
        }
      : {
          code: 'secure-withheld',
          what: 'no cookie is set over http, because cookie.secure is true; it is when the request claims to be https',
          rule: 'the option cookie.secure',
          fix: 'open the site by https; for development only: cookie: { secure: "auto" }',
        }
  }
  const stored = hasLogin
    ? ''
    : ' Or this page stores nothing (saveUninitialized: false): say --login and --field.'
  const fix = isHttps
    ? 'if cookie.secure is true: app.set("trust proxy", 1) or the option proxy: true, and in nginx proxy_set_header X-Forwarded-Proto $scheme; if cookie.path is set, it must cover the path that the application sees; no proxy_hide_header Set-Cookie;'
    : 'if cookie.secure is true, open the site by https; if cookie.path is set, it must cover this path'
  return {
    code: 'no-cookie',
    what: `no session cookie is set.${stored}`,
    rule: 'the options secure, path, saveUninitialized',
    fix,
  }
}

/** A cookie that is kept and yet does not go with a later request. */
function* notReturned(exchanges: readonly HttpExchange[], kept: readonly SetCookie[]): Generator<Finding> {
  const cookie = kept.at(-1)
  if (!cookie) return
  const setAt = exchanges.findIndex(({ setCookies }) =>
    setCookies.some((line) => line.startsWith(`${cookie.name}=`)),
  )
  for (const { step, url } of exchanges.slice(setAt + 1)) {
    if (step === 'fresh' || step === 'forwarded') continue
    const { hostname, pathname, protocol } = new URL(url)
    if (!domainMatches(cookie, hostname))
      yield {
        code: 'other-host',
        what: `it was set for ${cookie.domain ?? cookie.host} only, and the next request goes to ${hostname}`,
        rule: '5.8.3',
        fix: `let one host be the real one and redirect to it before a session begins, or set cookie.domain to what both share`,
      }
    else if (cookie.secure && protocol !== 'https:')
      yield {
        code: 'back-to-http',
        what: `it is Secure, and the next request goes to ${protocol}//${hostname}`,
        rule: '5.8.3',
        fix: 'redirect to https only: the application builds http addresses behind the proxy; app.set("trust proxy", 1) and X-Forwarded-Proto, or relative redirects',
      }
    else if (!pathCovers(cookie.path, pathname))
      yield {
        code: 'path-mismatch',
        what: `Path=${cookie.path} does not cover ${pathname}`,
        rule: '5.1.4',
        fix: `set cookie.path to "/" or to a part in front of ${pathname}; behind nginx look at proxy_cookie_path`,
      }
  }
}

function* crossSite({ exchanges, from }: Transcript, kept: readonly SetCookie[]): Generator<Finding> {
  const [first] = exchanges
  const cookie = kept.at(-1)
  if (from === undefined || !first || !cookie || cookie.sameSite === 'none') return
  const [a, b] = [new URL(from), new URL(first.url)].map(
    ({ hostname, protocol }) => protocol + siteOf(hostname),
  )
  if (a === b) return
  yield {
    code: 'cross-site',
    what: `SameSite=${cookie.sameSite ?? 'Lax (the default)'}: it does not go with requests of a page of ${from}`,
    rule: '5.2 and 5.8.3',
    fix: 'cookie: { sameSite: "none", secure: true, partitioned: true } and credentials: "include"; better, serve both under one domain',
  }
}

/** Near enough: browsers know all public suffixes. */
function siteOf(hostname: string): string {
  return /^[\d.]+$/.test(hostname) ? hostname : hostname.split('.').slice(-2).join('.')
}

function* several(kept: readonly SetCookie[]): Generator<Finding> {
  const places = new Set(kept.map(({ domain, host, path }) => `${domain ?? host} ${path}`))
  if (places.size < 2) return
  yield {
    code: 'several',
    what: `there are ${places.size} cookies of this name (${[...places].join('; ')}), and the browser sends all of them`,
    rule: '5.8.3: longer paths first',
    fix: 'give each application a name of its own (option name), and one domain and path; old cookies end with their life',
  }
}

function* unknown(exchanges: readonly HttpExchange[], name: string): Generator<Finding> {
  const sent = exchanges.filter((one) => one.step === 'again' && one.sent.includes(`${name}=`))
  const renewed = sent.filter(({ setCookies, sent: header }) =>
    setCookies.some((line) => {
      const [pair = ''] = line.split(';')
      return pair.startsWith(`${name}=`) && !header.split('; ').includes(pair)
    }),
  )
  if (renewed.length === 0) return
  const all = renewed.length === sent.length
  yield {
    code: all ? 'not-recognised' : 'sometimes-recognised',
    what: all
      ? 'it is sent back, and the application begins a new session each time'
      : 'it is sent back, and only some requests know it: several processes do not agree',
    rule: 'none of the browser: the application does not know the id or its signature',
    fix: all
      ? 'take a fixed secret, none made at start; look whether the store saves (events, NODE_DEBUG=sojourn) and whether the proxy passes Cookie on (no proxy_set_header Cookie "";)'
      : 'give all processes the same secret and one store that they share; MemoryStore is for one process',
  }
}
