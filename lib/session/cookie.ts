import { systemClock } from '../base/clock'
import { badOption, describe, SessionOptionError } from '../base/errors'
import { warnOnce } from '../base/warnings'
import { type CookieAttributes, setCookieLine } from '../cookie/header'
import { ATTRIBUTES, type AttributeName, type CookieBase, type CookieOptions } from '../cookie/settings'
import { mergedTrust } from '../record/trust'

/** Names that would replace the cookie's own workings if an option or a record brought them along. */
const NEVER_COPIED: ReadonlySet<string> = new Set(['data', '__proto__', 'constructor', 'toJSON', 'serialize'])

type Time = Date | null | false | undefined
type Life = number | null | false | undefined

/**
 * The settings and times of one session's cookie, as express-session's `Cookie`: `expires` and `maxAge` are two
 * views of one time, and setting either also sets `originalMaxAge`, which each request renews.
 */
export class Cookie {
  path: string | undefined = '/'
  /** The time behind `expires`. Some stores read it, so it is an ordinary property. */
  _expires: Time = null
  /** Milliseconds that each request renews the life to; `null` when the cookie ends with the browser. */
  originalMaxAge: number | null = null
  httpOnly: boolean | undefined = true
  declare domain?: string | undefined
  declare secure?: boolean | 'auto' | undefined
  declare sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined
  declare priority?: 'low' | 'medium' | 'high' | undefined
  declare partitioned?: boolean | undefined
  declare signed?: boolean | undefined
  declare encode?: ((value: string) => string) | undefined

  static {
    // A polluted `Object.prototype` lends no attribute.
    for (const name of ATTRIBUTES)
      Object.defineProperty(Cookie.prototype, name, { value: undefined, configurable: true, writable: true })
  }

  /** Today's configuration, for a cookie that a middleware made. */
  #base: CookieBase | undefined = undefined
  /** Epoch ms of the session's creation; 0 where nobody says. */
  #created = 0
  /** Epoch ms of the last request, where idle time is enforced over a store that keeps no deadline of ours. */
  #active = 0
  /** The end that the last renewal gave; another one was set since by the handler. */
  #renewedTo: Time = undefined
  /** When the session became its owner's, where an owner may have only so many; empty: nobody says. */
  #admitted = ''
  /** What the server notes of the session: see `record/trust`. */
  #trust = ''

  /**
   * @param options attributes to start from; unknown ones stay on the instance and out of `data`
   * @throws TypeError ERR_SESSION_OPTION when `options` is no object, or `maxAge` no number, Date, null or undefined
   */
  constructor(options?: CookieOptions | object | null) {
    if (!options) return
    if (typeof options !== 'object') {
      throw new SessionOptionError(`argument options must be an object, got ${describe(options)}`)
    }
    for (const key of Object.keys(options)) {
      if (!NEVER_COPIED.has(key)) set(this, key, (options as Record<string, unknown>)[key])
    }
    // A record brings its originalMaxAge along; otherwise the life that was just set is the original one.
    const given = (options as { originalMaxAge?: Life }).originalMaxAge
    this.originalMaxAge = (given === undefined || given === null ? this.maxAge : given) as number | null
  }

  /**
   * When the cookie ends. Setting it sets `originalMaxAge` to what is left until then; `false` or `null`: it ends
   * with the browser.
   */
  get expires(): Date | null | undefined {
    return this._expires as Date | null | undefined
  }

  set expires(date: Time) {
    this._expires = date
    this.originalMaxAge = this.maxAge as number | null // what `expires` is when that is no Date
  }

  /**
   * Milliseconds left; negative when past, nothing (what `expires` is) when there is no end. Typed as
   * `@types/express-session` has it, so that code written for that goes on compiling.
   */
  get maxAge(): number | undefined {
    const { _expires } = this
    return _expires instanceof Date ? _expires.valueOf() - systemClock() : (_expires as undefined)
  }

  set maxAge(ms: Life | Date) {
    if (typeof ms === 'number') {
      // One look at the clock for both, so that renewing never shortens the original life by a millisecond.
      this._expires = new Date(systemClock() + ms)
      this.originalMaxAge = ms
      return
    }
    if (ms instanceof Date) {
      warnOnce('SOJOURN_MAX_AGE_DATE', 'cookie.maxAge was set to a Date; pass milliseconds instead')
    } else if (ms) {
      badOption('cookie.maxAge', 'milliseconds as a number, or null', ms)
    }
    this.expires = ms
  }

  /** The attributes as express-session lists them, in its order. */
  get data(): Record<string, unknown> {
    return {
      originalMaxAge: this.originalMaxAge,
      partitioned: this.partitioned,
      priority: this.priority,
      expires: this._expires,
      secure: this.secure,
      httpOnly: this.httpOnly,
      domain: this.domain,
      path: this.path,
      sameSite: this.sameSite,
    }
  }

  /** @returns a `Set-Cookie` value with this cookie's attributes */
  serialize(name: string, value: string): string {
    return setCookieLine(name, value, this as CookieAttributes)
  }

  /** What a record keeps: `data`, and the times and overrides under names that express-session ignores. */
  toJSON(): Record<string, unknown> {
    const json = this.data
    if (this.#base) {
      json['created'] = this.#created
      if (this.#active) json['active'] = this.#active
      if (this.#admitted) json['admitted'] = this.#admitted
      if (this.#trust) json['trust'] = this.#trust
      const own = this.#overrides(this.#base)
      if (own.length > 0) json['own'] = own
    }
    return json
  }

  #overrides(base: CookieBase): string[] {
    const own: string[] = []
    for (const name of ATTRIBUTES) if (this[name] !== base[name]) own.push(name)
    if (this.originalMaxAge !== base.maxAge) own.push('maxAge')
    return own
  }

  /** @internal a new session's cookie */
  static fresh(base: CookieBase, now: number): Cookie {
    const cookie = Cookie.#plain(base, now)
    if (base.maxAge !== null) {
      cookie._expires = new Date(now + base.maxAge)
      cookie.originalMaxAge = base.maxAge
    }
    return cookie
  }

  /**
   * @internal A stored session's cookie. Attributes come from today's configuration, except those that the
   * session itself overrode. A record of express-session's does not say what was overridden: it keeps its life.
   */
  static restored(base: CookieBase, raw: Record<string, unknown>): Cookie {
    const ours = Cookie.tellsAge(raw)
    const cookie = Cookie.#plain(base, ours ? raw.created : systemClock())
    const own = raw['own']
    let keepsLife = !ours
    if (Array.isArray(own)) {
      for (const name of ATTRIBUTES) if (own.includes(name)) set(cookie, name, raw[name])
      keepsLife = own.includes('maxAge')
    }
    if (typeof raw['active'] === 'number') cookie.#active = raw['active']
    if (typeof raw['admitted'] === 'string') cookie.#admitted = raw['admitted']
    if (typeof raw['trust'] === 'string') cookie.#trust = raw['trust']
    cookie._expires = timeOf(raw['expires'])
    cookie.originalMaxAge = keepsLife ? (lifeOf(raw['originalMaxAge']) as number | null) : base.maxAge
    return cookie
  }

  /** @internal whether a middleware made it */
  static isTied(cookie: Cookie): boolean {
    return cookie.#base !== undefined
  }

  /** @internal ties a cookie that a handler made itself to today's configuration, and to its session's age and trust */
  static adopt(cookie: Cookie, base: CookieBase, created: number, trust: string): void {
    cookie.#base = base
    cookie.#created = created
    // What was noted since the handler made it comes on top.
    cookie.#trust = mergedTrust(cookie.#trust, trust)
  }

  static #plain(base: CookieBase, created: number): Cookie {
    const cookie = new Cookie()
    for (const [name, value] of base.entries) set(cookie, name, value)
    cookie.#base = base
    cookie.#created = created
    return cookie
  }

  /** @internal whether a record's cookie says when the session was created */
  static tellsAge(raw: object): raw is { created: number } {
    return typeof (raw as { created?: unknown }).created === 'number'
  }

  /** @internal epoch ms of creation; 0: nobody says */
  static createdAt(cookie: Cookie): number {
    return cookie.#created
  }

  /** @internal epoch ms of the last request that was written down; 0: none was */
  static activeAt(cookie: Cookie): number {
    return cookie.#active
  }

  /** @internal */
  static markActive(cookie: Cookie, now: number): void {
    cookie.#active = now
  }

  /** @internal Gives it its whole life again from now. */
  static renew(cookie: Cookie): void {
    cookie.maxAge = cookie.originalMaxAge
    // A handler can put something else in the place of a cookie.
    if (#renewedTo in cookie) cookie.#renewedTo = cookie._expires
  }

  /**
   * @internal Renewed again for what is written later than it was renewed; an end that the handler has set since stays.
   */
  static renewAgain(cookie: Cookie, now: number): void {
    const { _expires, originalMaxAge } = cookie
    if (!(_expires instanceof Date) || _expires !== cookie.#renewedTo || originalMaxAge === null) return
    if (_expires.valueOf() < now + originalMaxAge)
      cookie.#renewedTo = cookie._expires = new Date(now + originalMaxAge)
  }

  /** @internal the mark of when the session became its owner's; empty: it has none */
  static admittedAs(cookie: Cookie): string {
    return cookie.#admitted
  }

  /** @internal */
  static admit(cookie: Cookie, mark: string): void {
    cookie.#admitted = mark
  }

  /** @internal what the server notes of the session; empty: nothing */
  static trustOf(cookie: Cookie): string {
    return cookie.#trust
  }

  /** @internal */
  static entrust(cookie: Cookie, trust: string): void {
    cookie.#trust = trust
  }

  /** @internal whether the attributes are those of the configuration */
  static isAsConfigured(cookie: Cookie): boolean {
    const base = cookie.#base
    return (
      base !== undefined &&
      cookie.path === base.path &&
      cookie.httpOnly === base.httpOnly &&
      cookie.secure === base.secure &&
      cookie.domain === base.domain &&
      cookie.sameSite === base.sameSite &&
      cookie.priority === base.priority &&
      cookie.partitioned === base.partitioned
    )
  }

  /** @internal what the session itself has set, as text to compare; empty when all is as configured */
  static settings(cookie: Cookie): string {
    const base = cookie.#base
    if (!base) return JSON.stringify(cookie.data)
    if (cookie.originalMaxAge === base.maxAge && Cookie.isAsConfigured(cookie)) return ''
    const own = cookie.#overrides(base)
    return JSON.stringify(
      own.map((name) => [name, name === 'maxAge' ? cookie.originalMaxAge : attribute(cookie, name)]),
    )
  }

  /** @internal whether only its times are its own, and all else is what `base` says */
  static isCanonical(cookie: Cookie, base: CookieBase | undefined): base is CookieBase {
    const { _expires } = cookie
    return (
      base !== undefined &&
      cookie.#base === base &&
      cookie.#active === 0 &&
      cookie.#admitted === '' &&
      cookie.#trust === '' &&
      cookie.originalMaxAge === base.maxAge &&
      (_expires === null || (_expires instanceof Date && Number.isFinite(_expires.valueOf()))) &&
      Cookie.isAsConfigured(cookie)
    )
  }

  /** @internal the cookie's JSON in a record; most of it is the same for all sessions */
  static text(cookie: Cookie): string {
    const base = cookie.#base
    if (!Cookie.isCanonical(cookie, base)) return JSON.stringify(cookie)
    const { _expires } = cookie
    const [afterLife, afterExpires] = base.json
    const expires = !_expires ? 'null' : `"${isoText(_expires.valueOf())}"`
    return `{"originalMaxAge":${base.maxAge}${afterLife},"expires":${expires}${afterExpires},"created":${cookie.#created}}`
  }
}

let lastSecond = NaN
let lastIso = ''

/** `toISOString`, whose larger part is the same for all requests of one second. */
function isoText(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second !== lastSecond) {
    lastIso = new Date(ms).toISOString().slice(0, -4)
    lastSecond = second
  }
  return `${lastIso}${String(ms - second * 1000).padStart(3, '0')}Z`
}

function set(cookie: Cookie, name: string, value: unknown): void {
  ;(cookie as unknown as Record<string, unknown>)[name] = value
}

function attribute(cookie: Cookie, name: string): unknown {
  return cookie[name as AttributeName]
}

/** @returns a Date from what records hold: ISO text, a Date (some stores parse), epoch ms; else `null` */
function timeOf(value: unknown): Date | null | false {
  if (value === false || value instanceof Date) return value
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const date = new Date(value)
  return Number.isNaN(date.valueOf()) ? null : date
}

function lifeOf(value: unknown): number | null | false {
  return typeof value === 'number' || value === false ? value : null
}
