import { textOf } from './commit'
import { decideHeaders } from './cookies'
import type { Exchange } from './exchange'

/**
 * Decides the cookie of a response that cannot wait for the save: by what is to be saved. Its `Set-Cookie` line is
 * put next, so that from here on the browser counts as having it.
 */
export function decideAtOnce(exchange: Exchange): void {
  const { req, originalId, originalData } = exchange
  const { session } = req
  if (session && exchange.isOver(session.id)) return
  const modified =
    session !== null &&
    session !== undefined &&
    (originalId !== session.id || originalData !== textOf(session))
  decideHeaders(exchange, modified)
  if (exchange.cookieLine !== undefined && session) exchange.cookieId = req.sessionID
}
