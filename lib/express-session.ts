import type session = require('./index')

/*
 * A name that `@types/express-session` gives to Express, and that cannot be declared twice (TS2300). So it is declared
 * where this package is installed as `express-session`, which alone has this file under that name.
 */
declare global {
  namespace Express {
    type SessionStore = session.SessionFields['sessionStore']
  }
}

/** Looked for by `index.ts`, so that this file is read. */
export type Read = true
