import type { Entry } from '../contract'

/** What the view needs of a store. */
export interface Viewed {
  keys(): string[]
  body(id: string): string | undefined
  put(id: string, body: string): void
  drop(id: string): boolean
}

/**
 * `store.sessions` of express-session's MemoryStore: an object without a prototype that maps ids to JSON, which
 * people's tests read, fill, empty and replace. Here it is a view on the real records.
 */
export function sessionsView(records: Viewed): Record<string, string> {
  return new Proxy(Object.create(null), {
    get: (_, id) => (typeof id === 'string' ? records.body(id) : undefined),
    has: (_, id) => typeof id === 'string' && records.body(id) !== undefined,
    ownKeys: () => records.keys(),
    set(_, id, body) {
      if (typeof id === 'string') records.put(id, String(body))
      return typeof id === 'string'
    },
    defineProperty(_, id, { value }) {
      if (typeof id === 'string') records.put(id, String(value))
      return typeof id === 'string'
    },
    deleteProperty(_, id) {
      if (typeof id === 'string') records.drop(id)
      return true
    },
    getOwnPropertyDescriptor(_, id) {
      const value = typeof id === 'string' ? records.body(id) : undefined
      if (value === undefined) return undefined
      return { value, configurable: true, enumerable: true, writable: true }
    },
  })
}

/** @returns the record with the end that touches have moved it to, as express-session's MemoryStore rewrites it */
export function withMovedEnd(entry: Entry): string {
  if (!Number.isFinite(entry.expires)) return entry.body
  const end = new Date(entry.expires).toISOString()
  return entry.body.replace(
    /^(\{"cookie":\{[^{}]*?"expires":)"[^"]*"/,
    (_, head) => `${head}${JSON.stringify(end)}`,
  )
}
