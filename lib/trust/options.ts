import { badOption } from '../base/errors'
import { warnOnce } from '../base/warnings'
import type { CookieAttributes } from '../cookie/header'
import { pathMatches } from '../cookie/path-match'
import type { CookieOptions } from '../cookie/settings'
import type { DeviceBoundOptions } from '../session/options'

/** The option `deviceBound`, read. */
export interface BindingSettings {
  /** Where browsers register and refresh. */
  readonly path: string
  readonly lifetimeMs: number
  readonly required: boolean
  /** Name and attributes of the bound cookie. */
  readonly name: string
  readonly attributes: CookieAttributes
}

const LIFETIME_MS = 10 * 60_000
/** Chromium signs six times in nine minutes for a site; some are for challenges that crossed. */
const LIFETIME_FEW_MS = 4 * 60_000
const KNOWN: readonly string[] = ['path', 'lifetime', 'require']

/**
 * @param name of the session cookie
 * @param cookie the option `cookie`
 * @returns `undefined`: off
 * @throws TypeError ERR_SESSION_OPTION naming the option
 */
export function readBinding(
  given: unknown,
  name: string,
  cookie: CookieOptions | ((req: never) => unknown) | undefined,
): BindingSettings | undefined {
  if (given === undefined || given === null || given === false) return undefined
  if (given !== true && typeof given !== 'object') badOption('deviceBound', 'true, false or an object', given)
  const options: DeviceBoundOptions = given === true ? {} : given
  for (const key of Object.keys(options))
    if (!KNOWN.includes(key)) badOption(`deviceBound.${key}`, `one of ${KNOWN.join(', ')}`, key)
  const fixed = typeof cookie === 'function' ? {} : (cookie ?? {})
  if (fixed.domain)
    badOption('cookie.domain', 'undefined with deviceBound: each host binds its own sessions', fixed.domain)
  const base = fixed.path || '/'
  return Object.freeze({
    path: pathIn(options.path, base),
    lifetimeMs: lifetimeIn(options.lifetime),
    required: flagIn(options.require),
    ...boundCookie(name, base, fixed.sameSite),
  })
}

function pathIn(given: unknown, base: string): string {
  if (given === undefined) return `${base.replace(/\/$/, '')}/device-session`
  if (typeof given !== 'string' || !/^(\/[A-Za-z0-9._~-]+)+$/.test(given))
    badOption('deviceBound.path', "a path such as '/device-session'", given)
  if (!pathMatches(base, given)) badOption('deviceBound.path', `a path below cookie.path, ${base}`, given)
  return given
}

function lifetimeIn(given: unknown): number {
  if (given === undefined) return LIFETIME_MS
  if (typeof given !== 'number' || !Number.isFinite(given) || given < 1000)
    badOption('deviceBound.lifetime', 'milliseconds as a number of at least 1000', given)
  if (given < LIFETIME_FEW_MS) {
    warnOnce(
      'SOJOURN_BOUND_LIFETIME',
      'deviceBound.lifetime is shorter than four minutes: browsers sign a few times in nine minutes and no more, ' +
        'and then send requests without a bound cookie, which have no session',
    )
  }
  return given
}

function flagIn(given: unknown): boolean {
  if (given !== undefined && typeof given !== 'boolean')
    badOption('deviceBound.require', 'true or false', given)
  return given === true
}

/** RFC 6265bis section 4.1.3: `__Host-` asks for Secure, no Domain and the path `/`; else `__Secure-` asks for Secure. */
function boundCookie(
  name: string,
  path: string,
  sameSite: unknown,
): Pick<BindingSettings, 'name' | 'attributes'> {
  const bare = name.replace(/^__(host|secure)-/i, '')
  const same = sameSite === true ? 'strict' : String(sameSite).toLowerCase()
  return {
    name: `${path === '/' ? '__Host-' : '__Secure-'}${bare}.bound`,
    attributes: Object.freeze({
      path,
      httpOnly: true,
      secure: true,
      sameSite: same === 'strict' || same === 'none' ? same : 'lax',
    }),
  }
}
