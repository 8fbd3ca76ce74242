import { badOption } from '../base/errors'
import type { CookieOptions } from '../cookie/settings'
import { warnUnknownCookieOptions, warnUnknownOptions } from '../session/unknown-options'

/** Cookie settings of an engine. */
export interface EngineCookieOptions {
  /** Name of the cookie. Default `'connect.sid'`. */
  name?: string | undefined
  domain?: string | undefined
  /** Default `'/'`. */
  path?: string | undefined
  /** Only over https. Default `false`. */
  secure?: boolean | undefined
  /** Keep the cookie from scripts. Default `true`. */
  httpOnly?: boolean | undefined
  sameSite?: boolean | 'none' | 'lax' | 'strict' | undefined
  /** Signs the cookie; at least 16 characters. Required. */
  secret: string
}

/** Options of a `SessionEngine`; each name of two words may be written with an underscore or in camelCase. */
export interface SessionEngineOptions {
  /** Life of a session in milliseconds. Default 1,800,000: half an hour. */
  duration?: number | undefined
  /** Renew the life of a session with each request that started it. Default `true`. */
  automatic_touch?: boolean | undefined
  automaticTouch?: boolean | undefined
  /** Keep a record of, and send a cookie to, every visitor whose session was started. Default `false`. */
  save_uninitialized?: boolean | undefined
  saveUninitialized?: boolean | undefined
  cookie: EngineCookieOptions
}

/** The options as the engine uses them. */
export interface EngineSettings {
  readonly durationMs: number
  readonly automaticTouch: boolean
  readonly saveUninitialized: boolean
  readonly name: string | undefined
  readonly secret: string
  readonly cookie: CookieOptions
}

const DURATION_MS = 30 * 60_000
const SECRET_MIN = 16
const NAMES = [
  'duration',
  'automatic_touch',
  'automaticTouch',
  'save_uninitialized',
  'saveUninitialized',
  'cookie',
]

/** @throws TypeError ERR_SESSION_OPTION naming the option; a secret is never shown */
export function readEngineOptions(options: SessionEngineOptions): EngineSettings {
  if (typeof options !== 'object' || options === null) badOption('object', 'an object', options)
  const cookie = own(options, 'cookie') as EngineCookieOptions | undefined
  if (typeof cookie !== 'object' || cookie === null) badOption('cookie', 'an object with a secret', cookie)
  warnUnknownOptions(options, NAMES)
  warnUnknownCookieOptions(cookie, ['name', 'secret'])
  const secret = own(cookie, 'secret')
  if (typeof secret !== 'string' || secret.length < SECRET_MIN) {
    const got = typeof secret === 'string' ? secret.length : typeof secret
    badOption('cookie.secret', `a string of at least ${SECRET_MIN} characters`, got)
  }
  const durationMs = own(options, 'duration') ?? DURATION_MS
  if (typeof durationMs !== 'number' || !(durationMs > 0) || !Number.isFinite(durationMs)) {
    badOption('duration', 'milliseconds as a positive number', durationMs)
  }
  const settings: Record<string, unknown> = { maxAge: durationMs }
  for (const name of ['domain', 'path', 'secure', 'httpOnly', 'sameSite'] as const) {
    const value = own(cookie, name)
    if (value !== undefined) settings[name] = value
  }
  return Object.freeze({
    durationMs,
    automaticTouch: flag(options, 'automatic_touch', 'automaticTouch', true),
    saveUninitialized: flag(options, 'save_uninitialized', 'saveUninitialized', false),
    name: own(cookie, 'name') as string | undefined,
    secret,
    cookie: settings as CookieOptions,
  })
}

/** Own properties only: nothing that a polluted `Object.prototype` would lend. */
function own(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined
}

function flag(options: object, snake: string, camel: string, otherwise: boolean): boolean {
  const value = own(options, snake) ?? own(options, camel) ?? otherwise
  if (typeof value !== 'boolean') badOption(snake, 'true or false', value)
  return value
}
