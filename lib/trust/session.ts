import { badOption } from '../base/errors'
import type { Context } from '../exchange/context'
import * as middleware from '../middleware/session'
import type { SessionOptions } from '../session/options'
import { BoundSessions } from './bound-sessions'
import { readBinding } from './options'

/** `session()` of the middleware, with what an application turns on against theft. */
export function trustedSession(options?: SessionOptions): middleware.SessionMiddleware {
  return middleware.session(options, (context) => boundSessions(context, options))
}

function boundSessions(context: Context, options: SessionOptions | undefined): BoundSessions | undefined {
  const { name, signer } = context.policy
  const settings = readBinding(options?.deviceBound, name, options?.cookie)
  if (!settings) return undefined
  // What is signed has to verify in every process and after a restart.
  if (!signer) badOption('secret', 'a secret of its own with deviceBound', undefined)
  return new BoundSessions(context, settings, signer)
}
