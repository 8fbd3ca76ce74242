/**
 * The text of a record: the JSON that express-session's stores keep, `{"cookie":{…},"views":1}`.
 *
 * What says whether a session has changed is its *data text*: the same JSON without the top-level `cookie`,
 * whose times move with every request. For a record whose `cookie` comes first (all that express-session and we
 * write) it is cut out of the string, so that loading costs one parse and no stringify.
 */

/** The data of a session, by top-level key. */
export type Data = Record<string, unknown>

const COOKIE_HEAD = '{"cookie":'
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c

/**
 * JSON of everything but `cookie`.
 *
 * @throws what `JSON.stringify` throws for circular data or a BigInt; `unserializableKey` tells where
 */
export function dataText(session: object): string {
  return JSON.stringify(withoutCookie(session))
}

/** A shallow copy without `cookie`; the key `__proto__` is copied as data like any other. */
export function withoutCookie(session: object): Data {
  // An ordinary object: one without a prototype is a hash table, which costs twice as much to write as JSON.
  const copy: Data = {}
  for (const key of Object.keys(session)) {
    if (key !== 'cookie') put(copy, key, (session as Data)[key])
  }
  return copy
}

function put(copy: Data, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(copy, key, { ...PLAIN, value })
  else copy[key] = value
}

const PLAIN = { configurable: true, enumerable: true, writable: true }

/** @returns the record: `cookie` (JSON) first, then the data */
export function joinRecord(cookieText: string, data: string): string {
  return data === '{}' ? `${COOKIE_HEAD}${cookieText}}` : `${COOKIE_HEAD}${cookieText},${data.slice(1)}`
}

/** @returns the data text of a record; `parsed` is that record parsed, for one whose cookie does not come first */
export function dataTextOf(body: string, parsed: object): string {
  const end = cookieEnd(body)
  return end === -1 ? dataText(parsed) : dataTextBehind(body, end)
}

/** @returns the data text of a record whose leading cookie ends just before `end` */
export function dataTextBehind(body: string, end: number): string {
  return body.charCodeAt(end) === COMMA ? `{${body.slice(end + 1)}` : '{}'
}

/** @returns the index just behind the leading cookie object, or -1 where the record does not begin with one */
function cookieEnd(body: string): number {
  if (!body.startsWith(COOKIE_HEAD) || body.charCodeAt(COOKIE_HEAD.length) !== OPEN_BRACE) return -1
  let depth = 0
  for (let i = COOKIE_HEAD.length; i < body.length; i++) {
    const code = body.charCodeAt(i)
    if (code === QUOTE) {
      i = stringEnd(body, i)
      if (i === -1) return -1
    } else if (code === OPEN_BRACE) {
      depth++
    } else if (code === CLOSE_BRACE && --depth === 0) {
      const next = body.charCodeAt(i + 1)
      return next === COMMA || (next === CLOSE_BRACE && i + 2 === body.length) ? i + 1 : -1
    }
  }
  return -1
}

/** @returns the index of the quote that ends the string which starts at `from`, or -1 */
function stringEnd(body: string, from: number): number {
  let end = body.indexOf('"', from + 1)
  while (end !== -1) {
    let escapes = end
    while (body.charCodeAt(escapes - 1) === BACKSLASH) escapes--
    if ((end - escapes) % 2 === 0) return end
    end = body.indexOf('"', end + 1)
  }
  return -1
}

/**
 * @returns the record parsed, or `undefined` when it is no JSON object with a `cookie` object in it: such a
 * record was not written by a session middleware, or not whole
 */
export function parseRecord(body: string): (Data & { cookie: Data }) | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  return isRecord(parsed) ? parsed : undefined
}

/** @returns a data text parsed; without a prototype, so that the key `__proto__` is data like any other */
export function parseData(text: string): Data {
  return dataOf(JSON.parse(text))
}

/** @returns the data of a parsed record or text, without a prototype */
export function dataOf(parsed: Data, except?: 'cookie'): Data {
  const data: Data = Object.create(null)
  for (const key of Object.keys(parsed)) if (key !== except) data[key] = parsed[key]
  return data
}

/** Whether an object that a store answered is a session's record. */
export function isRecord(value: unknown): value is Data & { cookie: Data } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { cookie } = value as Data
  return typeof cookie === 'object' && cookie !== null && !Array.isArray(cookie)
}

/** @returns the first top-level key that cannot be written as JSON, for the message of the error */
export function unserializableKey(session: object): string | undefined {
  for (const key of Object.keys(session)) {
    if (key === 'cookie') continue
    try {
      JSON.stringify((session as Data)[key])
    } catch {
      return key
    }
  }
  return undefined
}
