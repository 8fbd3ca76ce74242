import type { Data } from '../record/text'

/**
 * Names that a record cannot have as data, because `session()` has them on its session: with a `$` in front they
 * can. The engine keeps its data apart from its methods, so that `session.set('id', …)` is data like any other.
 */
const TAKEN = /^\$*(?:req|id|cookie|touch|resetMaxAge|save|reload|destroy|regenerate)$/

/** @returns the record's name for a name of the application's */
export function recordKey(name: string): string {
  return TAKEN.test(name) ? `$${name}` : name
}

/** @returns the application's name for a record's name */
function givenKey(key: string): string {
  return key.startsWith('$') && TAKEN.test(key) ? key.slice(1) : key
}

/** @returns the data of a record under the application's names, as an object of the caller's own */
export function givenData(record: object): Data {
  return renamed(record, givenKey)
}

/** @returns data under the record's names */
export function recordData(data: object): Data {
  return renamed(data, recordKey)
}

function renamed(from: object, name: (key: string) => string): Data {
  const to: Data = {}
  for (const key of Object.keys(from)) {
    if (key === 'cookie' && name === givenKey) continue
    Object.defineProperty(to, name(key), {
      value: (from as Data)[key],
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }
  return to
}
