import { badOption } from '../base/errors'
import type { Context } from '../exchange/context'
import * as middleware from '../middleware/session'
import type { AnyRequest, SessionOptions } from '../session/options'
import { BoundSessions } from './bound-sessions'
import { bind, confirm, fresh } from './fresh'
import { readBinding } from './options'

/** A middleware for Express, Connect and whatever else passes `(req, res, next)`. */
export interface TrustedMiddleware extends middleware.SessionMiddleware {
  /** Notes, and saves, that the user has just proved who they are. */
  confirm(req: AnyRequest): Promise<void>
  /** Whether the user has proved who they are within these milliseconds. */
  fresh(req: AnyRequest, ms: number): boolean
  /** Asks the browser to bind the session, where a login keeps its id. */
  bind(req: AnyRequest): Promise<void>
}

const METHODS = { confirm: { value: confirm }, fresh: { value: fresh }, bind: { value: bind } }

/** `session()` of the middleware, with what an application turns on against theft. */
export function trustedSession(options?: SessionOptions): TrustedMiddleware {
  const made = middleware.session(options, (context) => boundSessions(context, options))
  return Object.defineProperties(made, METHODS) as TrustedMiddleware
}

function boundSessions(context: Context, options: SessionOptions | undefined): BoundSessions | undefined {
  const { name, signer } = context.policy
  const settings = readBinding(options?.deviceBound, name, options?.cookie)
  if (!settings) return undefined
  // What is signed has to verify in every process and after a restart.
  if (!signer) badOption('secret', 'a secret of its own with deviceBound', undefined)
  return new BoundSessions(context, settings, signer)
}
