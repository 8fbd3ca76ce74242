import { type SerializeOptions, serialize } from 'cookie'

/** How many cookies of one name are looked at: more than a browser sends by accident, few enough to bound the work. */
export const CANDIDATES_MAX = 8

/**
 * All values of one name in a `Cookie` header, raw (not percent-decoded), in the order sent.
 *
 * RFC 6265 section 5.4 lets a browser send several cookies of one name (different paths or domains) and says
 * that servers should not rely on their order; the first of them need not be ours.
 */
export function cookieValues(header: string, name: string): string[] {
  const values: string[] = []
  let at = header.indexOf(name)
  while (at !== -1 && values.length < CANDIDATES_MAX) {
    const equals = skipBlanks(header, at + name.length)
    if (header.charCodeAt(equals) === EQUALS && startsPair(header, at)) {
      let end = header.indexOf(';', equals)
      if (end === -1) end = header.length
      values.push(unquote(header.slice(equals + 1, end).trim()))
      at = header.indexOf(name, end)
    } else {
      at = header.indexOf(name, at + 1)
    }
  }
  return values
}

const EQUALS = 0x3d
const SEMICOLON = 0x3b
const SPACE = 0x20
const TAB = 0x09

function skipBlanks(header: string, from: number): number {
  let i = from
  while (header.charCodeAt(i) === SPACE || header.charCodeAt(i) === TAB) i++
  return i
}

/** Whether a cookie-pair begins here: only blanks between the last `;` (or the header's start) and this place. */
function startsPair(header: string, at: number): boolean {
  let i = at - 1
  while (i >= 0 && (header.charCodeAt(i) === SPACE || header.charCodeAt(i) === TAB)) i--
  return i < 0 || header.charCodeAt(i) === SEMICOLON
}

/** RFC 6265 section 4.1.1: cookie-value = *cookie-octet / ( DQUOTE *cookie-octet DQUOTE ) */
function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/** @returns the value percent-decoded, or as it is where the encoding is broken */
export function decodeValue(value: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** The attributes of a `Set-Cookie` line that a session cookie can have. */
export interface CookieAttributes {
  expires?: Date | null | false | undefined
  path?: string | null | undefined
  domain?: string | null | undefined
  httpOnly?: boolean | undefined
  secure?: boolean | undefined
  sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined
  priority?: 'low' | 'medium' | 'high' | undefined
  partitioned?: boolean | undefined
}

/**
 * @returns the value of a `Set-Cookie` header. `Expires` and never `Max-Age`: what express-session sends
 * @throws TypeError when an attribute cannot stand in a header (RFC 6265 section 4.1.1)
 */
export function setCookieLine(name: string, value: string, attributes: CookieAttributes): string {
  const { expires, path, domain, httpOnly, secure, sameSite, priority, partitioned } = attributes
  // All of them, so that a polluted `Object.prototype` lends none.
  const all: { [Name in keyof SerializeOptions]: SerializeOptions[Name] | undefined } = {
    ...{ maxAge: undefined, expires: expires || undefined, path: path || undefined },
    ...{ domain: domain || undefined, httpOnly: httpOnly || undefined, secure: secure || undefined },
    ...{ sameSite: sameSite || undefined, priority: priority || undefined },
    ...{ partitioned: partitioned || undefined },
  }
  return serialize(name, value, all as SerializeOptions)
}

/** @returns a line that makes the browser forget the cookie: it must name the same path and domain */
export function clearCookieLine(name: string, attributes: CookieAttributes): string {
  return setCookieLine(name, '', { ...attributes, expires: new Date(0) })
}

/**
 * `Set-Cookie` lines of one name and one set of attributes: what the library has checked and written once is
 * filled in with the value and the time.
 */
export class CookieTemplate {
  readonly #name: string
  readonly #beforeExpires: string
  readonly #afterExpires: string

  /** @throws TypeError when an attribute cannot stand in a header */
  constructor(name: string, attributes: CookieAttributes) {
    const epoch = new Date(0)
    const [before = '', after = ''] = setCookieLine(name, '', { ...attributes, expires: epoch }).split(
      `; Expires=${epoch.toUTCString()}`,
    )
    this.#name = name
    this.#beforeExpires = before.slice(name.length + 1)
    this.#afterExpires = after
  }

  /** @param encoded the value, percent-encoded */
  line(encoded: string, expires: Date | null | false | undefined): string {
    const end = expires ? `; Expires=${utcText(expires)}` : ''
    return `${this.#name}=${encoded}${this.#beforeExpires}${end}${this.#afterExpires}`
  }
}

let lastSecond = NaN
let lastText = ''

/** Requests of one second set cookies of one end. */
function utcText(date: Date): string {
  const second = Math.floor(date.valueOf() / 1000)
  if (second !== lastSecond) {
    lastText = date.toUTCString()
    lastSecond = second
  }
  return lastText
}
