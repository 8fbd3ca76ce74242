import * as sojourn from '../../../lib/index'
import { flightsOf } from '../../../lib/keeper/foreign/flights'
import {
  type AppKind,
  appOf,
  type ErrorHandler,
  type Handler,
  type Owner,
  type Served,
  serve,
} from '../../support/app'
import { oddStores } from '../../support/odd-stores'
import { OPTIONS } from './modes'

export const { FailingStore, HangingStore, PlainStore, SlowStore, SyncStore } = oddStores(sojourn.Store)

export interface SessionApp extends Served {
  /** Errors that reached the error handler, in order. */
  errors: any[]
  sessions: sojourn.SessionMiddleware
}

export interface AppSettings {
  kind?: AppKind
  options?: object
  onError?: ErrorHandler
  /** Middlewares in front of the session's. */
  before?: Handler[]
  /** Middlewares between the session's and the handler. */
  between?: Handler[]
  https?: boolean
}

/** `handler` behind the session middleware on `store`, and an error handler that keeps what it gets. */
export async function sessionApp(
  owner: Owner,
  store: unknown,
  handler: Handler,
  { kind = 'express 5', options = {}, onError, before = [], between = [], https = false }: AppSettings = {},
): Promise<SessionApp> {
  const errors: any[] = []
  const sessions = sojourn.session({ ...OPTIONS, store, ...options } as never)
  const keepError: ErrorHandler = (error, req, res, next) => {
    errors.push(error)
    if (onError) return onError(error, req, res, next)
    if (res.headersSent) return
    res.statusCode = 500
    res.end(`error: ${error.code ?? error.message}`)
  }
  const listener = appOf(kind, [...before, sessions as Handler, ...between, handler], keepError)
  return { ...(await serve(owner, listener, { https })), errors, sessions }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Waits until something is so: a few turns of the event loop first, then milliseconds; fails after what a busy machine may need. */
export async function until(so: () => boolean, what = 'it did not come about'): Promise<void> {
  const end = Date.now() + 20_000
  for (let tries = 0; !so(); tries++) {
    if (Date.now() > end) throw new Error(what)
    if (tries < 20) await turn()
    else await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** How many ids requests of this process hold in a store of the public kind. */
export function openFlights(store: unknown): number {
  return flightsOf(store as never).size
}
