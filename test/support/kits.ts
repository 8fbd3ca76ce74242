/** A sessions middleware under test: the function with `Store`, `Session`, `Cookie` and `MemoryStore` on it. */
export interface Kit {
  readonly name: 'express-session' | 'sojourn'
  readonly session: any
}

export const expressSession: Kit = { name: 'express-session', session: require('express-session') }
/** The sources; with `SOJOURN_BUILT` the build, for runs on other lines of Node.js. */
const FOLDER = process.env['SOJOURN_BUILT'] ? '../../dist' : '../../lib'

/** A module of the package under test that its face does not show. */
export const partOf = (path: string): any => require(`${FOLDER}/${path}`)

export const sojourn: Kit = { name: 'sojourn', session: partOf('') }
export const KITS: readonly Kit[] = [expressSession, sojourn]
