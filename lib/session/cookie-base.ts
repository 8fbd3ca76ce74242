import type { CookieAttributes } from '../core/cookie-header'

/** Options of the session cookie; README describes each. */
export interface CookieOptions {
  /** Life in milliseconds, renewed by each request. Default `null`: until the browser is closed. */
  maxAge?: number | null | undefined
  /** A fixed end instead of `maxAge`, which is preferred. */
  expires?: Date | null | false | undefined
  /** Paths that the cookie is sent to (RFC 6265 section 5.1.4). Default `/`. */
  path?: string | undefined
  /** Hosts below this domain get the cookie too. Default: only the host that set it. */
  domain?: string | undefined
  /** Keeps the cookie from scripts in the page. Default `true`. */
  httpOnly?: boolean | undefined
  /** Only over https; `'auto'`: as the connection is. Default `false`. */
  secure?: boolean | 'auto' | undefined
  /** `'auto'`: `none` over https, else `lax`. Default: none is sent, which browsers take for `lax`. */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
  /** Which cookies a browser drops first when it has too many. Default: none is sent. */
  priority?: 'low' | 'medium' | 'high' | undefined
  /** One cookie per embedding site (CHIPS); wants `secure`. Default `false`. */
  partitioned?: boolean | undefined
  /** Accepted and without effect: the session cookie is always signed. */
  signed?: boolean | undefined
  /** Accepted and without effect: the value is always percent-encoded. */
  encode?: ((value: string) => string) | undefined
}

export type AttributeName = Exclude<keyof CookieAttributes, 'expires'>

export const ATTRIBUTES: readonly AttributeName[] = [
  'path',
  'httpOnly',
  'secure',
  'domain',
  'sameSite',
  'priority',
  'partitioned',
]

/** What today's configuration says for one request: attributes with `'auto'` resolved, and the life. */
export interface CookieBase {
  readonly attributes: Readonly<CookieAttributes>
  /** Milliseconds, or `null` for a cookie that ends with the browser. */
  readonly maxAge: number | null
  /** Attributes that differ from those of a plain `new Cookie()`: what has to be copied. */
  readonly entries: ReadonlyArray<readonly [name: string, value: unknown]>
}

/** @param secure whether the request came over https, for `'auto'` */
export function cookieBase(options: CookieOptions, secure: boolean): CookieBase {
  const attributes: Record<string, unknown> = { path: '/', httpOnly: true }
  const entries: Array<readonly [string, unknown]> = []
  for (const name of ATTRIBUTES) {
    if (!Object.hasOwn(options, name)) continue
    let value: unknown = options[name]
    if (value === 'auto') value = name === 'secure' ? secure : secure ? 'none' : 'lax'
    attributes[name] = value
    entries.push([name, value])
  }
  let maxAge = options.maxAge ?? null
  if (maxAge === null && options.expires instanceof Date) maxAge = options.expires.valueOf() - Date.now()
  return { attributes, maxAge, entries }
}
