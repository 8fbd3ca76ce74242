import { KeyObject } from 'node:crypto'
import { badOption, describe, SessionOptionError } from '../base/errors'
import { warnOnce } from '../base/warnings'
import { type Secret, Signer } from '../cookie/signature'
import type { Timeouts } from '../record/expiry'

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
}

/** The raw form; `SessionOptions` in `middleware/` is the public one with the types of requests. */
export type RawOptions = Readonly<Record<string, unknown>>

const KNOWN = [
  'cookie genid name key proxy resave rolling saveUninitialized secret store unset',
  'idleTimeout absoluteTimeout touchAfter concurrency storeTimeout skip cacheControl',
]
  .join(' ')
  .split(' ')

const STORE_TIMEOUT_MS = 10_000

/**
 * Checks the options once. The caller's object is read and never changed; later changes to it have no effect.
 *
 * @throws TypeError ERR_SESSION_OPTION naming the option, what was expected and what came
 */
export function readOptions(given: unknown): Policy {
  if (given !== undefined && given !== null && typeof given !== 'object')
    badOption('object', 'an object', given)
  const raw = own((given ?? {}) as RawOptions)
  warnUnknown(raw)
  const idleMs = duration(raw, 'idleTimeout') ?? Number.POSITIVE_INFINITY
  const touchAfterMs = duration(raw, 'touchAfter', 0)
  if (touchAfterMs !== undefined && touchAfterMs >= idleMs) {
    badOption('touchAfter', 'less than idleTimeout', raw['touchAfter'])
  }
  return Object.freeze({
    name: cookieName(raw['name'] || raw['key']),
    signer: signerOf(raw['secret']),
    genid: callable(raw, 'genid', 'genid option must be a function'),
    proxy: raw['proxy'] === undefined ? undefined : Boolean(raw['proxy']),
    resave: defaultTrue(raw, 'resave'),
    rolling: Boolean(raw['rolling']),
    saveUninitialized: defaultTrue(raw, 'saveUninitialized'),
    unsetDestroys:
      oneOf(raw, 'unset', ['keep', 'destroy'], 'unset option must be "destroy" or "keep"') === 'destroy',
    idleMs,
    absoluteMs: duration(raw, 'absoluteTimeout') ?? Number.POSITIVE_INFINITY,
    touchAfterMs,
    concurrency: oneOf(raw, 'concurrency', ['merge', 'overwrite', 'reject']),
    storeTimeoutMs: timeout(raw),
    skip: callable(raw, 'skip'),
    cacheControl: raw['cacheControl'] !== false,
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

function warnUnknown(raw: RawOptions): void {
  const unknown = Object.keys(raw).filter((key) => !KNOWN.includes(key))
  if (unknown.length > 0) {
    warnOnce(
      'SOJOURN_UNKNOWN_OPTION',
      `unknown option ${unknown.join(', ')}: it has no effect; see the list of options`,
    )
  }
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

function signerOf(secret: unknown): Signer | undefined {
  if (!secret) return undefined
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) {
    throw new SessionOptionError('secret option array must contain one or more strings')
  }
  secrets.forEach((one, i) => {
    if (!isSecret(one)) {
      // Never the value: a secret of a wrong type is still a secret.
      badOption(
        `secret${Array.isArray(secret) ? `[${i}]` : ''}`,
        'a non-empty string, Buffer or KeyObject',
        typeof one,
      )
    }
  })
  return new Signer(secrets as Secret[])
}

export function isSecret(value: unknown): value is Secret {
  if (typeof value === 'string') return value.length > 0
  if (value instanceof KeyObject) return value.type === 'secret'
  return ArrayBuffer.isView(value) && value.byteLength > 0
}

function defaultTrue(raw: RawOptions, name: string): boolean {
  if (raw[name] !== undefined) return Boolean(raw[name])
  warnOnce(
    `SOJOURN_UNDEFINED_${name.toUpperCase()}`,
    `option ${name} is undefined and counts as true, as in express-session; say ${name}: false unless you need it`,
  )
  return true
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
  if (value === false || value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
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
