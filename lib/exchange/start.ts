import { type Awaitable, isPromise, whenDone } from '../base/async'
import { systemClock } from '../base/clock'
import { SessionError } from '../base/errors'
import { isUsableId } from '../base/ids'
import type { Loaded } from '../keeper/contract'
import { dataText } from '../record/text'
import { Cookie } from '../session/cookie'
import { Session, type SessionData } from '../session/session'
import type { Exchange } from './exchange'

/** Puts the session of the first id that the store knows on the request, or a new one. */
export function start(exchange: Exchange, ids: readonly string[]): Awaitable<void> {
  const [first] = ids
  exchange.cookieId = first
  exchange.req.sessionID = first
  return first === undefined ? startNew(exchange) : tryId(exchange, ids, 0)
}

function tryId(exchange: Exchange, ids: readonly string[], index: number): Awaitable<void> {
  const id = ids[index]
  if (id === undefined) {
    exchange.room.tell('refused', () => ({ because: 'unknown' }), exchange.req)
    return startNew(exchange)
  }
  const loaded = exchange.keeper.load(id)
  return isPromise(loaded)
    ? loaded.then((found) => tried(exchange, ids, index, found))
    : tried(exchange, ids, index, loaded)
}

function tried(
  exchange: Exchange,
  ids: readonly string[],
  index: number,
  loaded: Loaded | undefined,
): Awaitable<void> {
  if (!loaded) return tryId(exchange, ids, index + 1)
  exchange.cookieId = loaded.known.id
  exchange.req.sessionID = loaded.known.id
  inflate(exchange, loaded)
  exchange.originalId = loaded.known.id
  exchange.originalData = loaded.known.base
}

/** No settings of a cookie: the record is written even if nothing has changed. */
const AGE_UNKNOWN = 'age unknown'

/** Makes `req.session` of a loaded record. */
export function inflate(exchange: Exchange, loaded: Loaded): void {
  const { req, room } = exchange
  const { known: held } = loaded
  const cookie = Cookie.restored(room.cookieBase(req), loaded.cookie)
  exchange.createdAt = Cookie.createdAt(cookie)
  let made: unknown
  if (!room.makesPlainSessions) {
    // Overridden, or express-session's own where a store brings that along: its session may be of another class.
    made = room.store.createSession(req, loaded.data as unknown as SessionData)
    // It may be the very object, which would never differ from itself.
    held.shown = undefined
  }
  if (made instanceof Session) held.settings = Cookie.settings(made.cookie)
  else {
    req.session = new Session(req, (made ?? loaded.data) as object, cookie)
    held.settings = Cookie.settings(cookie)
  }
  // Its age has to be written down, or it would be young for ever.
  if (room.policy.absoluteMs !== Infinity && !Cookie.tellsAge(loaded.cookie)) {
    held.settings = AGE_UNKNOWN
  }
  exchange.hold(held)
}

function startNew(exchange: Exchange): Awaitable<void> {
  return whenDone(exchange.room.newId(exchange.req), (id) => {
    exchange.nextId = id
    exchange.room.store.generate(exchange.req)
    const { session } = exchange.req
    exchange.originalId = exchange.req.sessionID
    // An application that assigned its own `generate` may have put data in, which is no change.
    if (session && Object.keys(session).length > 1) exchange.originalData = dataText(session)
  })
}

/** `store.generate(req)`: a session with a new id and no data on the request. */
export function generate(exchange: Exchange): void {
  const { req, room } = exchange
  const id = exchange.nextId ?? room.newId(req)
  exchange.nextId = undefined
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
  exchange.drawnId = id
  exchange.begin(id)
  const session = new Session(req)
  exchange.createdAt = systemClock()
  session.cookie = Cookie.fresh(room.cookieBase(req), exchange.createdAt)
  req.session = session
  exchange.hold(undefined)
}
