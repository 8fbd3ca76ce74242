import { hasWarned, warnOnce, warnOnceEach } from '../base/warnings'
import { type Lossy, lossyIn } from '../record/lossy'
import { type Data, parseData } from '../record/text'

/** Longest data text of an unchanged session that is looked through all the same. */
const QUICK_LENGTH = 1024
/** In characters of its data text. Each request reads and parses all of it. */
const LARGE_LENGTH = 65_536
const LARGE = 'SOJOURN_LARGE_SESSION'

/**
 * For development: says which values will not come back as they were put in, and which session has grown large. A
 * function or a symbol leaves no trace in the text, so top-level values are looked at in any case.
 *
 * @param data the session's data text now
 * @param original its data text when the request began
 */
export function warnOfData(session: object, data: string, original: string): void {
  const deep = data !== original || data.length <= QUICK_LENGTH
  for (const key of Object.keys(session)) {
    if (key === 'cookie') continue
    const value = (session as Data)[key]
    const found = deep || typeof value !== 'object' ? lossyIn(value) : undefined
    if (found && !isAsLoaded(key, value, original)) warnLossy(key, found)
  }
  if (data.length > LARGE_LENGTH && !hasWarned(LARGE)) warnLarge(session, data.length)
}

/** Some stores put a Date on the session that they answer; that is none of the handler's. */
function isAsLoaded(key: string, value: unknown, original: string): boolean {
  const data = parseData(original)
  return Object.hasOwn(data, key) && JSON.stringify(data[key]) === JSON.stringify(value)
}

function warnLossy(key: string, { path, what, becomes }: Lossy): void {
  const where = path === '' ? 'it' : `${key}${path}`
  warnOnceEach(
    'SOJOURN_LOSSY_VALUE',
    `session key ${JSON.stringify(key.slice(0, 80))}: ${where.slice(0, 200)} is ${what}, of which JSON keeps ${becomes}; ` +
      'put plain data in sessions (told outside of production only)',
    key,
  )
}

function warnLarge(session: object, length: number): void {
  let largest = ''
  let most = -1
  for (const key of Object.keys(session)) {
    const size = key === 'cookie' ? -1 : (JSON.stringify((session as Data)[key])?.length ?? 0)
    if (size > most) [largest, most] = [key, size]
  }
  warnOnce(
    LARGE,
    `a session has ${kilobytes(length)}, of which the key ${JSON.stringify(largest.slice(0, 80))} has ${kilobytes(most)}; ` +
      'each request reads all of it: keep such data in a database, and its key in the session',
  )
}

function kilobytes(length: number): string {
  return `${Math.round(length / 1024)} kB`
}
