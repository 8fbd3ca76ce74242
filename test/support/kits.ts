/** A sessions middleware under test: the function with `Store`, `Session`, `Cookie` and `MemoryStore` on it. */
export interface Kit {
  readonly name: 'express-session' | 'sojourn'
  readonly session: any
}

export const expressSession: Kit = { name: 'express-session', session: require('express-session') }
/** The sources; with `SOJOURN_BUILT` the build, for runs on other lines of Node.js. */
const ours = process.env['SOJOURN_BUILT'] ? require('../../dist') : require('../../lib')

export const sojourn: Kit = { name: 'sojourn', session: ours }
export const KITS: readonly Kit[] = [expressSession, sojourn]
