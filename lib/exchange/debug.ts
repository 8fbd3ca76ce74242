import { fingerprint } from '../base/ids'
import { debug } from '../base/warnings'
import { requestPath } from '../session/request'
import type { SessionRequest } from '../session/session'

/**
 * One line of `NODE_DEBUG=sojourn` about a request: its method, its path without the query, which may hold what is
 * not for logs, and the fingerprint of its session's id.
 */
export function debugRequest(req: SessionRequest, what: string, how: string, because: string): void {
  if (debug.enabled) debug('%s: %s, because: %s [%s]', what, how, because, requestLabel(req))
}

export function requestLabel(req: SessionRequest): string {
  const { sessionID } = req
  const session = typeof sessionID === 'string' ? fingerprint(sessionID) : '-'
  return `${req.method ?? '-'} ${requestPath(req)} ${session}`
}
