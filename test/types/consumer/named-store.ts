import type { Request } from 'express'
import 'sojourn'

/** As helpers for `@types/express-session` are written. */
export interface Visit extends Request {
  sessionStore: Express.SessionStore
}
declare global {
  namespace Express {
    interface Request {
      sessionStore: SessionStore
    }
  }
}
export function renew(req: Request): Express.SessionStore {
  const store: Express.SessionStore = req.sessionStore
  store.generate(req)
  store.get(req.sessionID, (_error, found) => found?.cookie.originalMaxAge?.toFixed())
  // @ts-expect-error: it is no `any`
  store.nothing
  return store
}
