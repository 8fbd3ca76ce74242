import { badOption, describe, SessionError, SessionOptionError } from '../base/errors'
import { warnOnce, warnOnceEach } from '../base/warnings'
import type { Signer } from '../cookie/signature'
import type { Timeouts } from '../record/expiry'
import { readSecret } from './secret'
import { warnUnknownOptions } from './unknown-options'

/** What happens to a change when another request has changed the session meanwhile. */
export type Concurrency = 'merge' | 'overwrite' | 'reject'

/** The options that decide, validated and frozen. Cookie and store have their own checks. */
export interface Policy extends Timeouts {
  readonly name: string
  /** `undefined`: take `req.secret`, as cookie-parser leaves it. */
  readonly signer: Signer | undefined
  readonly genid: ((req: never) => unknown) | undefined
  readonly proxy: boolean | undefined
  readonly resave: boolean
  readonly rolling: boolean
  readonly saveUninitialized: boolean
  readonly unsetDestroys: boolean
  /** `undefined`: the store's own default. */
  readonly touchAfterMs: number | undefined
  readonly concurrency: Concurrency
  /** `Infinity`: wait for ever. */
  readonly storeTimeoutMs: number
  readonly skip: ((req: never) => unknown) | undefined
  readonly cacheControl: boolean
  readonly onError: ((error: unknown, req: never, res: never) => unknown) | undefined
  /** While the store is down, requests that would have a session are refused. */
  readonly refusesWhenDown: boolean
}

/** The raw form; `SessionOptions` in `middleware/` is the public one with the types of requests. */
export type RawOptions = Readonly<Record<string, unknown>>

const KNOWN = [
  'cookie genid name key proxy resave rolling saveUninitialized secret store unset',
  'idleTimeout absoluteTimeout touchAfter concurrency storeTimeout skip cacheControl onError storeDown deviceBound',
]
  .join(' ')
  .split(' ')

const STORE_TIMEOUT_MS = 10_000

/**
 * Checks the options once. The caller's object is read and never changed; later changes to it have no effect.
 *
 * @throws TypeError ERR_SESSION_OPTION naming the option, what was expected and what came
 * @throws SessionError ERR_SESSION_USAGE when a request comes instead of options
 */
export function readOptions(given: unknown): Policy {
  if (isRequest(given)) {
    throw new SessionError(
      'ERR_SESSION_USAGE',
      'session was used as a middleware, but it makes one; call it: session({ secret, … })',
    )
  }
  if (given !== undefined && given !== null && typeof given !== 'object')
    badOption('object', 'an object', given)
  const raw = own((given ?? {}) as RawOptions)
  warnUnknownOptions(raw, KNOWN)
  const idleMs = duration(raw, 'idleTimeout') ?? Infinity
  const touchAfterMs = duration(raw, 'touchAfter', 0)
  if (touchAfterMs !== undefined && touchAfterMs >= idleMs) {
    badOption('touchAfter', 'less than idleTimeout', raw['touchAfter'])
  }
  return Object.freeze({
    name: cookieName(raw['name'] || raw['key']),
    signer: readSecret(raw),
    genid: callable(raw, 'genid', 'genid option must be a function'),
    proxy: flag(raw, 'proxy', undefined),
    resave: defaultTrue(raw, 'resave'),
    rolling: flag(raw, 'rolling', false),
    saveUninitialized: defaultTrue(raw, 'saveUninitialized'),
    unsetDestroys:
      oneOf(raw, 'unset', ['keep', 'destroy'], 'unset option must be "destroy" or "keep"') === 'destroy',
    idleMs,
    absoluteMs: duration(raw, 'absoluteTimeout') ?? Infinity,
    touchAfterMs,
    concurrency: oneOf(raw, 'concurrency', ['merge', 'overwrite', 'reject']),
    storeTimeoutMs: timeout(raw),
    skip: callable(raw, 'skip'),
    cacheControl: flag(raw, 'cacheControl', true),
    onError: callable(raw, 'onError') as Policy['onError'],
    refusesWhenDown: oneOf(raw, 'storeDown', ['pass', 'refuse']) === 'refuse',
  })
}

/** Own properties and those of classes, but none that a polluted `Object.prototype` would lend. */
function own(options: RawOptions): RawOptions {
  const copy: Record<string, unknown> = Object.create(null)
  for (const key of KNOWN) {
    if (key in options && !(key in Object.prototype && !Object.hasOwn(options, key))) copy[key] = options[key]
  }
  for (const key of Object.keys(options)) copy[key] = options[key]
  return copy
}

/** `app.use(session)`, which Express and Connect call with a request. */
function isRequest(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false
  const { headers, method, url } = given as Record<string, unknown>
  return typeof headers === 'object' && typeof method === 'string' && typeof url === 'string'
}

/** RFC 6265 section 4.1.1: cookie-name = token (RFC 9110 section 5.6.2) */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const NAME_MAX = 256

function cookieName(name: unknown): string {
  if (!name) return 'connect.sid'
  if (typeof name !== 'string' || name.length > NAME_MAX || !TOKEN.test(name)) {
    badOption('name', `a cookie name (a token of RFC 9110, at most ${NAME_MAX} characters)`, name)
  }
  return name
}

function defaultTrue(raw: RawOptions, name: string): boolean {
  if (raw[name] !== undefined) return flag(raw, name, true)
  warnOnce(
    `SOJOURN_UNDEFINED_${name.toUpperCase()}`,
    `option ${name} is undefined and counts as true, as in express-session; say ${name}: false unless you need it`,
  )
  return true
}

/**
 * A text is never taken: 'no', 'false' and '0' are all true, and what is true only by its form was never meant so.
 *
 * @returns what express-session makes of a number or `null`, with a warning
 */
function flag<T extends boolean | undefined>(raw: RawOptions, name: string, otherwise: T): boolean | T {
  const value = raw[name]
  if (value === undefined || typeof value === 'boolean') return value ?? otherwise
  if (value !== null && typeof value !== 'number') badOption(name, 'true or false', value)
  // express-session's `proxy` knows true and false alone; to believe a header is nothing to do by accident.
  const means = name === 'proxy' ? undefined : Boolean(value)
  warnOnceEach('SOJOURN_OPTION_TYPE', `option ${name}: expected true or false; ${value} counts as ${means}`)
  return means ?? otherwise
}

function duration(raw: RawOptions, name: string, least = 1): number | undefined {
  const value = raw[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    badOption(name, `milliseconds as a number of at least ${least}, or undefined`, value)
  }
  return value
}

function timeout(raw: RawOptions): number {
  const value = raw['storeTimeout']
  if (value === false || value === Infinity) return Infinity
  return duration(raw, 'storeTimeout') ?? STORE_TIMEOUT_MS
}

function callable(raw: RawOptions, name: string, words?: string): ((req: never) => unknown) | undefined {
  const value = raw[name]
  if (!value) return undefined
  if (typeof value !== 'function') {
    if (words) throw new SessionOptionError(words)
    badOption(name, 'a function', value)
  }
  return value as (req: never) => unknown
}

function oneOf<T extends string>(
  raw: RawOptions,
  name: string,
  words: readonly [T, ...T[]],
  message?: string,
): T {
  const value = raw[name]
  if (!value) return words[0]
  if (!words.includes(value as T)) {
    // express-session's own words where it has some, so that code which looks for them finds them.
    if (message) throw new SessionOptionError(`${message}, got ${describe(value)}`)
    badOption(name, words.map((word) => `'${word}'`).join(' or '), value)
  }
  return value as T
}
