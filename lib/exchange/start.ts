import { type Awaitable, isPromise, whenDone } from '../base/async'
import { systemClock } from '../base/clock'
import { SessionError } from '../base/errors'
import { isUsableId } from '../base/ids'
import type { Loaded } from '../keeper/contract'
import { dataText } from '../record/text'
import { Cookie } from '../session/cookie'
import { Session, type SessionData } from '../session/session'
import type { RequestState } from './state'

/** Puts the session of the first id that the store knows on the request, or a new one. */
export function start(state: RequestState, ids: readonly string[]): Awaitable<void> {
  const [first] = ids
  state.cookieId = first
  state.req.sessionID = first
  return first === undefined ? startNew(state) : tryId(state, ids, 0)
}

function tryId(state: RequestState, ids: readonly string[], index: number): Awaitable<void> {
  const id = ids[index]
  if (id === undefined) {
    if (!state.unbound) state.context.tell('refused', () => ({ because: 'unknown' }), state.req)
    return startNew(state)
  }
  const loaded = state.keeper.load(id)
  return isPromise(loaded)
    ? loaded.then((found) => tried(state, ids, index, found))
    : tried(state, ids, index, loaded)
}

function tried(
  state: RequestState,
  ids: readonly string[],
  index: number,
  loaded: Loaded | undefined,
): Awaitable<void> {
  if (!loaded) return tryId(state, ids, index + 1)
  if (state.context.trust && !isTrusted(state, loaded)) return tryId(state, ids, index + 1)
  state.unbound = false
  state.cookieId = loaded.known.id
  state.req.sessionID = loaded.known.id
  inflate(state, loaded)
  state.originalId = loaded.known.id
  state.originalData = loaded.known.base
}

function isTrusted(state: RequestState, { cookie, known }: Loaded): boolean {
  const { req, context, keeper } = state
  const trust = typeof cookie['trust'] === 'string' ? cookie['trust'] : ''
  if (context.trust?.admits(req, trust, () => context.fingerprint(known.id)) !== false) return true
  context.tell('refused', () => ({ because: 'unbound', session: context.fingerprint(known.id) }), req)
  keeper.leave(known)
  state.unbound = true
  return false
}

/** Equal to no settings of a cookie, so that the record is written even if nothing has changed. */
const AGE_UNKNOWN = 'age unknown'

/** Makes `req.session` of a loaded record. */
export function inflate(state: RequestState, loaded: Loaded): void {
  const { req, context } = state
  const { known } = loaded
  const cookie = Cookie.restored(context.cookieBase(req), loaded.cookie)
  state.createdAt = Cookie.createdAt(cookie)
  known.trust = Cookie.trustOf(cookie)
  let made: unknown
  if (!context.makesPlainSessions) {
    // The application's, or express-session's own if the store extends that: its session may be of another class.
    made = context.store.createSession(req, loaded.data as unknown as SessionData)
    // The session may be this very object, which never differs from itself.
    known.shown = undefined
  }
  if (made instanceof Session) known.settings = Cookie.settings(made.cookie)
  else {
    req.session = new Session(req, (made ?? loaded.data) as object, cookie)
    known.settings = Cookie.settings(cookie)
  }
  // The record gets its age, or the session would count as new for ever.
  if (context.policy.absoluteMs !== Infinity && !Cookie.tellsAge(loaded.cookie)) {
    known.settings = AGE_UNKNOWN
  }
  state.know(known)
}

function startNew(state: RequestState): Awaitable<void> {
  return whenDone(state.context.newId(state.req), (id) => {
    state.nextId = id
    state.context.store.generate(state.req)
    const { session } = state.req
    state.originalId = state.req.sessionID
    // An application that assigned its own `generate` may have put data in, which is no change.
    if (session && Object.keys(session).length > 1) state.originalData = dataText(session)
  })
}

/** `store.generate(req)`: a session with a new id and no data on the request. */
export function generate(state: RequestState): void {
  const { req, context } = state
  const id = state.nextId ?? context.newId(req)
  state.nextId = undefined
  if (isPromise(id)) {
    throw new SessionError(
      'ERR_SESSION_USAGE',
      'store.generate(req) cannot wait for an async genid; use regenerate()',
    )
  }
  if (typeof id === 'string' && !isUsableId(id)) {
    throw new SessionError(
      'ERR_SESSION_ID',
      'genid gave an id that is empty, too long, has control characters or begins with "hashed:"',
    )
  }
  // An id that is no string stays on the request, and its session is never saved, as in express-session.
  req.sessionID = id as string
  state.drawnId = id
  state.begin(id)
  const session = new Session(req)
  state.createdAt = systemClock()
  session.cookie = Cookie.fresh(context.cookieBase(req), state.createdAt)
  req.session = session
  state.know(undefined)
}
