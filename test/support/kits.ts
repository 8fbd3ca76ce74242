/** A sessions middleware under test: the function with `Store`, `Session`, `Cookie` and `MemoryStore` on it. */
export interface Kit {
  readonly name: 'express-session' | 'sojourn'
  readonly session: any
}

export const expressSession: Kit = { name: 'express-session', session: require('express-session') }
/** A module of the package under test that its face does not show. */
export const partOf = (path: string): any => require(`../../lib/${path}`)

export const sojourn: Kit = { name: 'sojourn', session: partOf('') }
export const KITS: readonly Kit[] = [expressSession, sojourn]
