import { systemClock } from '../base/clock'
import type { CookieAttributes } from './header'

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

/** The cookie of a record, as stores get it and as code writes it that makes records by hand. */
export interface CookieData {
  /** Milliseconds that each request renews the life to; `null` when the cookie ends with the browser. */
  originalMaxAge: number | null
  maxAge?: number | undefined
  expires?: Date | null | undefined
  path?: string | undefined
  domain?: string | undefined
  httpOnly?: boolean | undefined
  secure?: boolean | 'auto' | undefined
  sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined
  priority?: 'low' | 'medium' | 'high' | undefined
  partitioned?: boolean | undefined
  signed?: boolean | undefined
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
export class CookieBase {
  readonly path: string | null | undefined = '/'
  readonly httpOnly: boolean | undefined = true
  readonly secure: boolean | undefined = undefined
  readonly domain: string | null | undefined = undefined
  readonly sameSite: CookieAttributes['sameSite'] = undefined
  readonly priority: CookieAttributes['priority'] = undefined
  readonly partitioned: boolean | undefined = undefined
  /** Milliseconds, or `null` for a cookie that ends with the browser. */
  readonly maxAge: number | null
  /** Attributes that the options name: what has to be copied over those of a plain `new Cookie()`. */
  readonly entries: ReadonlyArray<readonly [name: string, value: unknown]>
  #json: readonly [string, string] | undefined = undefined

  /** @param secure whether the request came over https, for `'auto'` */
  constructor(options: CookieOptions, secure: boolean) {
    const entries: Array<readonly [string, unknown]> = []
    for (const name of ATTRIBUTES) {
      if (!Object.hasOwn(options, name)) continue
      let value: unknown = options[name]
      if (value === 'auto') value = name === 'secure' ? secure : secure ? 'none' : 'lax'
      ;(this as Record<string, unknown>)[name] = value
      entries.push([name, value])
    }
    this.entries = entries
    this.maxAge = lifeOf(options.maxAge ?? options.expires)
  }

  /** What of a record's cookie is the same for every session: the JSON between its life, its end and its times. */
  get json(): readonly [afterLife: string, afterExpires: string] {
    this.#json ??= [
      inner({ partitioned: this.partitioned, priority: this.priority }),
      inner({
        secure: this.secure,
        httpOnly: this.httpOnly,
        domain: this.domain,
        path: this.path,
        sameSite: this.sameSite,
      }),
    ]
    return this.#json
  }
}

/** @param given milliseconds, or a Date as express-session takes it for `maxAge` too; anything else is no end */
function lifeOf(given: unknown): number | null {
  if (given instanceof Date) return given.valueOf() - systemClock()
  return typeof given === 'number' ? given : null
}

/** @returns the members of an object's JSON, each with a comma in front */
function inner(value: object): string {
  const text = JSON.stringify(value).slice(1, -1)
  return text === '' ? '' : `,${text}`
}
