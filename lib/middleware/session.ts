import type { EventEmitter } from 'node:events'
import { ignore, isPromise } from '../base/async'
import { SessionError } from '../base/errors'
import type { RefusedReason, SessionEvents } from '../base/events'
import { pathMatches } from '../cookie/path-match'
import type { Signer } from '../cookie/signature'
import { Context } from '../exchange/context'
import { debugRequest } from '../exchange/debug'
import { Exchange, type Next } from '../exchange/exchange'
import { start } from '../exchange/start'
import type { TrustHooks } from '../exchange/trust'
import { warnStoreDown } from '../exchange/warnings'
import { holdResponse } from '../response/hold-response'
import type { HookedResponse } from '../response/parts'
import { type AnyRequest, checkStore, type SessionOptions } from '../session/options'
import { readOptions } from '../session/policy'
import { requestIds, requestPath } from '../session/request'
import { LINK, type SessionData, type SessionRequest } from '../session/session'
import type { Store } from '../session/store'
import { MemoryStore } from '../store/memory'
import { stateOf } from './store-state'

/** The events of a middleware; see `SessionEvents` for what each tells. */
export type SessionEmitter = EventEmitter<{ [N in keyof SessionEvents]: [SessionEvents[N]] }>

/** Made by a room above, of what the middleware's requests share. */
export type TrustIn = (context: Context) => TrustHooks | undefined

/** A middleware for Express, Connect and whatever else passes `(req, res, next)`. */
export interface SessionMiddleware {
  (req: AnyRequest, res: AnyRequest, next: (error?: AnyRequest) => void): void
  /** What happens to sessions, for logs and metrics. No event holds an id. */
  readonly events: SessionEmitter
}

/**
 * Makes the middleware that gives requests a `session`.
 *
 * @param trustIn what is asked of browsers beyond the session cookie
 * @throws TypeError ERR_SESSION_OPTION when an option is wrong
 * @throws SessionError ERR_SESSION_USAGE when it is used as a middleware itself: `app.use(session)`
 */
export function session(options?: SessionOptions, trustIn?: TrustIn): SessionMiddleware {
  const policy = readOptions(options)
  const given = options?.store
  const store = (given === undefined ? new MemoryStore() : given) as Store
  checkStore(store)
  const context = new Context(policy, store, options?.cookie)
  context.trust = trustIn?.(context)
  const state = stateOf(store)
  state.join(
    (up) => context.tell('storeState', () => ({ up })),
    (req) => new Exchange(context, req, {}, ignore).generate(),
  )
  const refuse = (because: RefusedReason, req: SessionRequest) =>
    context.tell('refused', () => ({ because }), req)

  /**
   * @returns `undefined` for a request that passes without a session
   * @throws what a function of the application throws, and an Error when there is no secret or no such request
   */
  function signerFor(req: SessionRequest): Signer | undefined {
    if (req.httpVersionMajor === undefined && isFetchRequest(req)) throw misused()
    const because = passesBecause(req)
    if (because !== undefined) {
      debugRequest(req, 'request', 'passes', because)
      return undefined
    }
    if (!state.up) throw storeIsDown()
    const signer = context.signer(req)
    if (!signer) throw new Error('secret option required for sessions')
    return signer
  }

  /** @returns why a request passes without a session of this middleware, or `undefined` */
  function passesBecause(req: SessionRequest): string | undefined {
    // An application may mount several, or have put a session there itself: the first one counts.
    if (req.session) return 'it has a session already'
    if (!state.up && !policy.refusesWhenDown) {
      warnStoreDown()
      return 'the store is disconnected'
    }
    if (policy.skip?.(req as never)) return 'skip'
    if (!pathMatches(context.cookieBase(req).path || '/', requestPath(req))) return 'outside of cookie.path'
    return undefined
  }

  function sessionMiddleware(req: SessionRequest, res: HookedResponse, next: Next): void {
    if (typeof next !== 'function') throw misused()
    let exchange: Exchange | undefined
    let started: void | PromiseLike<void>
    try {
      const signer = signerFor(req)
      exchange = signer && new Exchange(context, req, res, handlerFor(req, res, next))
      started = signer && exchange && enter(exchange, signer)
    } catch (error) {
      exchange?.closed(true)
      next(error)
      return
    }
    if (!exchange) next()
    else if (!isPromise(started)) handle(exchange)
    else {
      // nextTick leaves the promise's job: what a handler throws belongs to the process, not to a rejection.
      started.then(
        () => process.nextTick(handle, exchange),
        (error) => {
          exchange.closed(true)
          process.nextTick(next, error)
        },
      )
    }
  }

  /** What the request goes on to: the application, or what the middleware itself answers. */
  function handlerFor(req: SessionRequest, res: HookedResponse, next: Next): Next {
    const endpoint = context.trust?.endpointFor(req)
    return endpoint ? (error) => (error ? next(error) : endpoint(req, res, next)) : next
  }

  function enter(exchange: Exchange, signer: Signer): void | PromiseLike<void> {
    const { req } = exchange.state
    req[LINK]?.giveWay()
    req.sessionStore = store
    req[LINK] = exchange
    return start(exchange.state, requestIds(req, policy.name, signer, refuse))
  }

  return Object.defineProperty(sessionMiddleware, 'events', {
    value: context.events,
    enumerable: true,
  }) as SessionMiddleware
}

function handle(exchange: Exchange): void {
  const hold = holdResponse(exchange.res, exchange)
  try {
    exchange.handle()
  } finally {
    // A handler that goes on later may find that the client has left.
    if (!hold.ended) hold.watchClose()
  }
}

/**
 * Changes the session in one atomic step: `change` gets the data as they are in the store, with what this request
 * has changed so far, and runs again when another request has written meanwhile. For counters and balances.
 *
 * @param change changes the data it is given; may be async; must not have effects that cannot be repeated
 * @returns what `change` returned
 * @throws SessionError ERR_SESSION_GONE when the session was ended meanwhile
 * @throws SessionError ERR_SESSION_USAGE when the request has no session
 */
export async function update<R>(
  req: AnyRequest,
  change: (data: Partial<SessionData> & Record<string, AnyRequest>) => R | PromiseLike<R>,
): Promise<R> {
  const link = (req as SessionRequest)[LINK]
  if (!link)
    throw new SessionError('ERR_SESSION_USAGE', 'update: the request has not passed the session middleware')
  return link.update(change as (data: Record<string, unknown>) => R | PromiseLike<R>)
}

/** With the status under both names that error handlers of the field look for. */
function storeIsDown(): SessionError {
  const error = new SessionError('ERR_SESSION_STORE_DOWN', 'the session store is disconnected')
  return Object.assign(error, { status: 503, statusCode: 503 })
}

function misused(): SessionError {
  return new SessionError(
    'ERR_SESSION_USAGE',
    'the session middleware is called as (req, res, next) with the request of node:http, Express or Connect; ' +
      'a fetch Request has no response to put a cookie on',
  )
}

/** A `Request` of the Fetch standard, of whatever implementation: its headers are no plain object. */
function isFetchRequest({ headers }: SessionRequest): boolean {
  return typeof (headers as { getSetCookie?: unknown } | undefined)?.getSetCookie === 'function'
}
