/**
 * How keys, bodies and deadlines are spelled in the columns of connect-pg-simple's table. Pure; the backend
 * picks a spelling, sends it, and picks another one if the server refuses it.
 */

/** In Node since 20.0, in TypeScript's `lib` since ES2024. */
type Text = string & { isWellFormed(): boolean }

/**
 * Can PostgreSQL keep this very text in a `text` or `varchar` column? Its strings end at NUL, and UTF-8 cannot
 * hold half a surrogate pair: it would arrive as another text.
 */
export function isStorable(text: string): boolean {
  return (text as Text).isWellFormed() && !text.includes('\0')
}

/**
 * A body that the `json` column cannot take as it stands goes in as the one string of a JSON array. In ASCII, so
 * that it is the same in a database of any encoding.
 */
export function wrapped(body: string): string {
  const json = JSON.stringify([body])
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * The two ways a body can stand in the column, likelier one first. Records are JSON objects, sealed ones JSON
 * strings: both stay as they are, since the `json` type keeps its text to the byte. Whether such a text really is
 * JSON is left to the server, which parses it anyway; what it refuses is written `wrapped`.
 */
export class Spelling {
  readonly #body: string
  #isLast: boolean
  text: string

  constructor(body: string) {
    const first = body.charCodeAt(0)
    const looksLikeJson = first === 0x7b || first === 0x22
    this.#body = body
    this.#isLast = !isStorable(body)
    this.text = looksLikeJson && !this.#isLast ? body : wrapped(body)
  }

  /** Goes on to the other way. @returns `false` if there is none that has not been tried */
  next(): boolean {
    if (this.#isLast) return false
    this.#isLast = true
    this.text = this.text === this.#body ? wrapped(this.#body) : this.#body
    return true
  }
}

/** The inverse of either spelling. A JSON array of another writer that `wrapped` would not have written stays as it is. */
export function bodyOf(column: string): string {
  if (!column.startsWith('["') || !column.endsWith('"]')) return column
  const body = onlyString(column)
  return body !== undefined && spellsIt(column, body) ? body : column
}

/** `jsonb` prints the characters that we escaped, so its spelling is taken as well. */
function spellsIt(column: string, body: string): boolean {
  return column === wrapped(body) || column === JSON.stringify([body])
}

function onlyString(column: string): string | undefined {
  try {
    const value: unknown = JSON.parse(column)
    return Array.isArray(value) && value.length === 1 && typeof value[0] === 'string' ? value[0] : undefined
  } catch {
    return undefined
  }
}

/** Within what `timestamp` can hold (4713 BC to 294276 AD), a day of any time zone to spare. */
const FIRST_MS = -2.1e14
const LAST_MS = 9.2e15

/** Epoch milliseconds as the argument of `to_timestamp`, which takes seconds and gives `infinity` for `Infinity`. */
export function toSeconds(ms: number): number {
  if (Number.isNaN(ms)) throw new RangeError('expected a deadline in epoch milliseconds, got NaN')
  if (ms >= LAST_MS) return Infinity
  if (ms <= FIRST_MS) return -Infinity
  return ms / 1000
}

/**
 * Epoch milliseconds out of the column, which counts microseconds. Rounded, since up to PostgreSQL 13 they came
 * through a binary fraction; from the year 2255 on a double cannot tell microseconds, so whole milliseconds.
 */
export function toMs(column: unknown): number {
  const ms = Number(column)
  if (!Number.isFinite(ms)) return ms
  return Math.abs(ms) < 9e12 ? Math.round(ms * 1000) / 1000 : Math.round(ms)
}
