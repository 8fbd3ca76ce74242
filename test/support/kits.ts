/** A sessions middleware under test: the function with `Store`, `Session`, `Cookie` and `MemoryStore` on it. */
export interface Kit {
  readonly name: 'express-session' | 'sojourn'
  readonly session: any
}

export const expressSession: Kit = { name: 'express-session', session: require('express-session') }
export const sojourn: Kit = { name: 'sojourn', session: require('../../lib') }
export const KITS: readonly Kit[] = [expressSession, sojourn]
