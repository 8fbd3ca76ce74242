import { systemClock } from '../base/clock'
import { badOption } from '../base/errors'
import { ATTRIBUTES, type CookieOptions } from '../cookie/settings'
import type { Secret } from '../cookie/signature'
import type { Concurrency } from './policy'
import type { SessionRequest } from './session'
import type { Store, StoreLike } from './store'
import { warnUnknownCookieOptions } from './unknown-options'

/** What a handler's request is typed as in options that are functions: Express', Connect's, node:http's, any. */
export type AnyRequest = ReturnType<typeof JSON.parse>

/** Options of `session()`. Those of express-session mean what they mean there; times are in milliseconds. */
export interface SessionOptions {
  /**
   * Signs the session cookie: at least 16 bytes, better 32, from a CSPRNG. The first of an array signs, all verify.
   * Default: `req.secret` of cookie-parser; given as `undefined` it is the same, with a warning.
   */
  secret?: Secret | readonly Secret[] | undefined
  /** Cookie settings, or a function of the request that returns them. Default `{ path: '/', httpOnly: true }`. */
  cookie?: CookieOptions | ((req: AnyRequest) => CookieOptions) | undefined
  /** Makes session ids; may be async. Default: 24 bytes of the system's CSPRNG as base64url. */
  genid?: ((req: AnyRequest) => string | Promise<string>) | undefined
  /** Name of the cookie. Default `connect.sid`. */
  name?: string | undefined
  /** Older word for `name`. */
  key?: string | undefined
  /** Believe `X-Forwarded-Proto`: `true`, `false`, or as Express' "trust proxy" says (default). */
  proxy?: boolean | undefined
  /** Renew unchanged sessions in the store even if it has no `touch`. Default `true`, with a warning; say `false`. */
  resave?: boolean | undefined
  /** Send the cookie with every response, so that its end moves along. Default `false`. */
  rolling?: boolean | undefined
  /** Save new sessions that nothing was put in. Default `true`, with a warning; say `false`. */
  saveUninitialized?: boolean | undefined
  /** Where sessions are kept. Default: a new `MemoryStore`. */
  store?: StoreLike | undefined
  /** What `req.session = null` does to the record. Default `'keep'`. */
  unset?: 'destroy' | 'keep' | undefined

  /** Milliseconds without a request after which the server ends a session. Default: none (ASVS 7.3.1). */
  idleTimeout?: number | undefined
  /** Milliseconds after its creation at which the server ends a session, whatever happens. Default: none (ASVS 7.3.2). */
  absoluteTimeout?: number | undefined
  /**
   * Milliseconds by which the deadline in the store may lag before an unchanged session costs a write. Default: a
   * hundredth of its life, at most a minute, for our stores; 0 for others, as in express-session.
   */
  touchAfter?: number | undefined
  /** What becomes of a change when another request changed the session meanwhile. Default `'merge'`. */
  concurrency?: Concurrency | undefined
  /** Milliseconds until a store call counts as failed; `false`: wait for ever. Default 10,000. */
  storeTimeout?: number | false | undefined
  /** Requests for which this returns true pass without a session. */
  skip?: ((req: AnyRequest) => boolean) | undefined
  /** Send `Cache-Control: no-cache="Set-Cookie"` with a new cookie where none was chosen (OWASP). Default `true`. */
  cacheControl?: boolean | undefined
  /**
   * Answers when a session could not be saved and nobody is reached by `next(error)`, since the host ignores a second
   * call of it (Koa, Fastify, h3, Hono). May be async. Begins it no answer, that is a 500 without detail. When
   * `res.headersSent`, it is too late for one. Default: none.
   */
  onError?: ((error: AnyRequest, req: AnyRequest, res: AnyRequest) => unknown) | undefined
  /**
   * What becomes of requests while the store is disconnected: `'pass'` without a session, or `'refuse'` with
   * `next(error)`: ERR_SESSION_STORE_DOWN, whose `status` is 503. Default `'pass'`, as in express-session.
   */
  storeDown?: 'pass' | 'refuse' | undefined
  /**
   * Bind sessions to the browser's device (W3C Device Bound Session Credentials): a login asks for a key, and from then
   * on the session cookie is worth nothing without a short-lived second one, which only that key renews. Over https.
   * Default `false`.
   */
  deviceBound?: boolean | DeviceBoundOptions | undefined
}

/** README's chapter "Against theft" tells how it works. */
export interface DeviceBoundOptions {
  /** Below it the middleware answers browsers by itself. Default: `device-session` below the session cookie's path. */
  path?: string | undefined
  /**
   * Milliseconds for which the bound cookie is good. Default 600,000: ten minutes. Browsers sign a few times in nine
   * minutes and no more, so less than four minutes is told of in a warning.
   */
  lifetime?: number | undefined
  /** Whether a session ends for browsers that do not bind it within half a minute after the login. Default `false`. */
  require?: boolean | undefined
}

/** @throws TypeError ERR_SESSION_OPTION when it is no store */
export function checkStore(store: unknown): asserts store is Store {
  // express-session takes a MemoryStore in its place; a store that was meant and is not there must not be that.
  if (store === null) badOption('store', 'a store, or undefined for a MemoryStore', store)
  for (const method of ['get', 'set', 'destroy', 'on'] as const) {
    if (typeof (store as StoreLike | null)?.[method] !== 'function') {
      badOption('store', `a store with the methods get, set, destroy and on; ${method} is missing`, store)
    }
  }
}

const SAME_SITE: readonly unknown[] = [true, false, 'lax', 'strict', 'none', 'auto']
const PRIORITY: readonly unknown[] = ['low', 'medium', 'high']
/** The last moment that a Date can hold (ECMA-262, time values). */
const DATE_MAX_MS = 8.64e15

/**
 * A copy of the cookie options: own keys only, `path` as a path.
 *
 * @throws TypeError ERR_SESSION_OPTION naming the attribute
 */
export function readCookieOptions(given: unknown, name: string): CookieOptions {
  const from = given ?? {}
  if (typeof from !== 'object') badOption('cookie', 'an object or a function', given)
  // Without a prototype, which could lend attributes.
  warnUnknownCookieOptions(from)
  const options: Record<string, unknown> = Object.create(null)
  for (const key of [...ATTRIBUTES, 'maxAge', 'expires'] as const) {
    const value = (from as Record<string, unknown>)[key]
    if (key in from && value !== Object.prototype[key as never]) options[key] = value
  }
  check(options, 'maxAge', 'milliseconds as a non-negative number or null', isLife)
  check(options, 'expires', 'a Date, null or false', (v) => v === false || v instanceof Date)
  check(
    options,
    'path',
    "a path that starts with '/'",
    (v) => v === '' || (typeof v === 'string' && v.startsWith('/')),
  )
  check(options, 'domain', 'a host name', (v) => typeof v === 'string')
  for (const key of ['httpOnly', 'secure', 'partitioned'] as const) {
    const auto = key === 'secure' ? ", or 'auto'" : ''
    check(options, key, `true or false${auto}`, (v) => isFlag(v) || (auto !== '' && v === 'auto'))
  }
  check(options, 'sameSite', "'lax', 'strict', 'none', 'auto' or a boolean", (v) =>
    SAME_SITE.includes(lower(v)),
  )
  check(options, 'priority', "'low', 'medium' or 'high'", (v) => PRIORITY.includes(lower(v)))
  checkPrefix(options as CookieOptions, name)
  return Object.freeze(options)
}

function check(
  options: Record<string, unknown>,
  key: string,
  expected: string,
  fits: (value: unknown) => boolean,
): void {
  const value = options[key]
  if (value !== undefined && value !== null && !fits(value)) badOption(`cookie.${key}`, expected, value)
}

function isLife(value: unknown): boolean {
  if (value instanceof Date || value === false) return true
  return typeof value === 'number' && value >= 0 && value + systemClock() <= DATE_MAX_MS
}

/** Numbers count as express-session takes them; a text never does: 'false' would be true. */
function isFlag(value: unknown): boolean {
  return typeof value === 'boolean' || typeof value === 'number'
}

function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}

/** RFC 6265bis section 4.1.3: browsers refuse cookies of these names that do not keep their rules. */
function checkPrefix(options: CookieOptions, name: string): void {
  const prefix = /^__(host|secure)-/i.exec(name)?.[1]?.toLowerCase()
  if (!prefix) return
  if (!options.secure) {
    const elsewhere = `over http take another name, as name: 'session'`
    badOption('cookie.secure', `true for a cookie named ${name} (${elsewhere})`, options.secure)
  }
  if (prefix === 'secure') return
  if (options.domain) {
    const elsewhere = `for a domain take a name that begins with __Secure-`
    badOption('cookie.domain', `undefined for a cookie named ${name} (${elsewhere})`, options.domain)
  }
  if ((options.path ?? '/') !== '/') badOption('cookie.path', `'/' for a cookie named ${name}`, options.path)
}

/** Applications that pass a Date as `maxAge` get what express-session makes of it. */
export type { SessionRequest }
