import type { Guard } from './guard'
import { ResponseHold } from './hold'
import { hookOf, type ResponseHook } from './hook'
import type { HookedResponse } from './parts'
import { UnheldResponse } from './unheld'

/** Lets `guard` decide what a response may send, and when. Of several guards the last one is asked first. */
export function holdResponse(res: HookedResponse, guard: Guard): ResponseHook {
  const hook = hookOf(res)
  if (!hook) return canWait(res) ? new ResponseHold(res, guard) : new UnheldResponse(res, guard)
  hook.add(guard)
  return hook
}

/**
 * Whether a server waits for the response and tells of its end. Asked by what it can do, not by its class: some servers
 * bring a response of their own.
 */
function canWait(res: HookedResponse): boolean {
  if (!('statusCode' in res && 'headersSent' in res && typeof res.on === 'function')) return false
  // A response that was made for a handshake (`new ServerResponse(req)`) has no connection and never gets one; a
  // pipelined request's has none yet.
  return res.socket !== null || res.req?.headers?.upgrade === undefined
}
