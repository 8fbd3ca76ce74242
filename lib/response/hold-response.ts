import type { Guard } from './guard'
import { ResponseHold } from './hold'
import type { HookedResponse } from './parts'
import { UnheldResponse } from './unheld'

/** What a middleware needs to know of the response it has hooked into. */
export interface ResponseHook {
  /** The handler has ended the response. */
  readonly ended: boolean
  /** Asks for the guard's `closed`, once. */
  watchClose(): void
}

/** Lets `guard` decide what a response may send, and when. */
export function holdResponse(res: HookedResponse, guard: Guard): ResponseHook {
  return canWait(res) ? new ResponseHold(res, guard) : new UnheldResponse(res, guard)
}

/**
 * Whether somebody will wait for the response, and hear of its end. Asked by what it can do, not by its class: some
 * servers bring a response of their own.
 */
function canWait(res: HookedResponse): boolean {
  if (!('statusCode' in res && 'headersSent' in res && typeof res.on === 'function')) return false
  // A response that was made for a handshake (`new ServerResponse(req)`) has no connection and never gets one; a
  // pipelined request's has none yet.
  return res.socket !== null || res.req?.headers?.upgrade === undefined
}
