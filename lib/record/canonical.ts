import type { CookieBase } from '../cookie/settings'

/** What of a cookie differs from session to session when nothing was overridden, and where its text ends. */
export interface CanonicalCookie {
  /** Epoch ms. */
  readonly created: number
  /** ISO text, or `null` when the cookie ends with the browser. */
  readonly expires: string | null
  /** Index just behind the cookie's JSON. */
  readonly end: number
}

const QUOTE = 0x22
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c
const ZERO = 0x30
/** `"2026-01-01T00:00:00.000Z"` */
const ISO_LENGTH = 26

/**
 * Reads the cookie of a record that was written under today's configuration and overrides none of it: nearly
 * every record. Its text is the same from session to session but for two times, so that comparing it costs a
 * third of parsing it. Any other record is for the parser.
 */
export class CanonicalReader {
  /** The configuration that makes a record canonical. */
  readonly base: CookieBase
  readonly #head: string
  readonly #tail: string

  constructor(base: CookieBase) {
    this.base = base
    const [afterLife, afterExpires] = base.json
    this.#head = `{"cookie":{"originalMaxAge":${base.maxAge}${afterLife},"expires":`
    this.#tail = `${afterExpires},"created":`
  }

  read(body: string): CanonicalCookie | undefined {
    if (!body.startsWith(this.#head)) return undefined
    let at = this.#head.length
    let expires: string | null = null
    if (body.charCodeAt(at) === QUOTE) {
      expires = body.slice(at + 1, at + ISO_LENGTH - 1)
      at += ISO_LENGTH
    } else {
      at += 'null'.length
    }
    if (!body.startsWith(this.#tail, at)) return undefined
    at += this.#tail.length
    let created = 0
    let digit = body.charCodeAt(at) - ZERO
    while (digit >= 0 && digit <= 9) {
      created = created * 10 + digit
      digit = body.charCodeAt(++at) - ZERO
    }
    if (body.charCodeAt(at) !== CLOSE_BRACE) return undefined
    const next = body.charCodeAt(at + 1)
    const ends = next === CLOSE_BRACE && at + 2 === body.length
    return ends || next === COMMA ? { created, expires, end: at + 1 } : undefined
  }
}
