import { suggest } from '../base/suggest'
import { warnOnceEach } from '../base/warnings'
import { ATTRIBUTES } from '../cookie/settings'

/** Settings of the cookie; the last two are accepted and have no effect. */
const COOKIE_OPTIONS: readonly string[] = [...ATTRIBUTES, 'maxAge', 'expires', 'signed', 'encode']
const COOKIE_OPTION_SET: ReadonlySet<string> = new Set(COOKIE_OPTIONS)
/** What a record's cookie has: some applications pass the cookie of one session as the options of the next. */
const RECORD_NAMES: ReadonlySet<string> = new Set([
  'originalMaxAge',
  '_expires',
  'created',
  'active',
  'own',
  'trust',
])

/**
 * Names without effect, each with what was probably meant. A warning and no error: express-session takes them in
 * silence, and applications run with them.
 */
export function warnUnknownOptions(given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) if (!known.includes(name)) warnUnknown(name, known)
}

/**
 * The same for `cookie`.
 *
 * @param others what else belongs there
 */
export function warnUnknownCookieOptions(given: object, others: readonly string[] = []): void {
  for (const name of Object.keys(given)) {
    if (COOKIE_OPTION_SET.has(name) || RECORD_NAMES.has(name) || others.includes(name)) continue
    tell(`cookie.${name}`, suggestion(name, [...COOKIE_OPTIONS, ...others], 'cookie.'))
  }
}

function warnUnknown(name: string, known: readonly string[]): void {
  tell(name, suggestion(name, known, '') || suggestion(name, COOKIE_OPTIONS, 'cookie.'))
}

function suggestion(name: string, known: readonly string[], prefix: string): string {
  const meant = suggest(name, known)
  return meant === undefined ? '' : `did you mean ${prefix}${meant}?`
}

function tell(name: string, meant: string): void {
  // Names come from configuration files too, and are shortened and quoted where they would not read as one.
  const shown = /^[\w.$-]{1,60}$/.test(name) ? name : JSON.stringify(name.slice(0, 60))
  warnOnceEach(
    'SOJOURN_UNKNOWN_OPTION',
    `unknown option ${shown}: it has no effect; ${meant || 'see the list of options'}`,
  )
}
