/**
 * Data as trees of plain objects, arrays and primitives, as JSON gives them. Comparing and copying such a tree costs a
 * fraction of writing or parsing its text. Whatever is not plain beyond doubt (a Date, a class, a getter's surprise,
 * great depth) is left to JSON, which decides.
 */

/** What `copyOf` answers where only JSON knows. */
export const DOUBT: unique symbol = Symbol('sojourn.doubt')

/** Deeper trees, and circles, are for JSON. */
const DEPTH_MAX = 64

/**
 * @param kept a tree that nobody else holds, read from JSON or made by `copyOf`
 * @returns whether the JSON of both is the same; `false` may also mean that only JSON can tell
 */
export function isSame(live: unknown, kept: unknown, depth = 0): boolean {
  if (typeof kept !== 'object' || kept === null) return live === kept
  if (typeof live !== 'object' || live === null || depth > DEPTH_MAX) return false
  const prototype = Object.getPrototypeOf(live)
  if (Array.isArray(kept)) {
    if (prototype !== Array.prototype || hasToJson(live)) return false
    if ((live as unknown[]).length !== kept.length) return false
    for (let i = 0; i < kept.length; i++) {
      const value = kept[i]
      const now = (live as unknown[])[i]
      if (now !== value && !(typeof value === 'object' && isSame(now, value, depth + 1))) return false
    }
    return true
  }
  if (prototype !== Object.prototype) return false
  const keys = Object.keys(live)
  let i = 0
  // The order counts: it is part of the text. Names that somebody gave to all objects end the comparison, too.
  for (const key in kept) {
    if (key !== keys[i++]) return false
    const value = (kept as Tree)[key]
    const now = (live as Tree)[key]
    if (now !== value && !(typeof value === 'object' && isSame(now, value, depth + 1))) return false
  }
  return i === keys.length
}

/** @returns a copy whose JSON is that of `value`, or `DOUBT` */
export function copyOf(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      // JSON writes null for what is not finite, and loses the sign of zero.
      return Number.isFinite(value) && (value !== 0 || 1 / value > 0) ? value : DOUBT
    case 'object':
      break
    default:
      return DOUBT
  }
  if (value === null) return null
  if (depth > DEPTH_MAX) return DOUBT
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) return copyOfArray(value as unknown[], depth)
  if (prototype !== Object.prototype) return DOUBT
  const copy: Tree = {}
  // Names that somebody gave to all objects are no part of the JSON.
  if (depth === 0 && isPolluted()) return DOUBT
  for (const key in value) {
    const part = copyOf((value as Tree)[key], depth + 1)
    if (part === DOUBT || key === '__proto__') return DOUBT
    copy[key] = part
  }
  return copy
}

function copyOfArray(values: unknown[], depth: number): unknown {
  const copy: unknown[] = []
  if (hasToJson(values)) return DOUBT
  for (let i = 0; i < values.length; i++) {
    const part = copyOf(values[i], depth + 1)
    if (part === DOUBT) return DOUBT
    copy.push(part)
  }
  return copy
}

/** The one member of an array that JSON looks at besides its elements; an own one of an object is a key among the others. */
function hasToJson(array: object): boolean {
  return (array as { toJSON?: unknown }).toJSON !== undefined
}

function isPolluted(): boolean {
  if (hasToJson(EMPTY)) return true
  for (const _ in EMPTY) return true
  return false
}

const EMPTY = {}

type Tree = Record<string, unknown>
