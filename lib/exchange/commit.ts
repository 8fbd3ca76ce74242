import { type Awaitable, ignore, isPromise, whenDone } from '../base/async'
import { SessionError } from '../base/errors'
import type { KnownSession, Written } from '../keeper/contract'
import { dataText, dataTextSince, unserializableKey } from '../record/text'
import { Cookie } from '../session/cookie'
import { Session, setSessionId } from '../session/session'
import { attributesOf, decideHeaders } from './cookies'
import { warnOfData } from './data-warnings'
import { debugRequest } from './debug'
import { decideSave, type SaveDecision } from './decide'
import type { Exchange } from './exchange'
import { readyCookie, renewOnce } from './renew'
import { hasOtherSave, saveByMethod } from './save-by-method'

/**
 * Saves what has to be saved before the response goes on, then decides the cookie.
 *
 * @param ending the response ends: the deadline is moved too
 * @param headers the headers are about to leave
 */
export function commit(exchange: Exchange, ending: boolean, headers: boolean): Awaitable<void> {
  if (exchange.stopped) return
  const { req, room } = exchange
  const { session } = req
  if (!session) {
    const unset = unsetSession(exchange)
    if (isPromise(unset)) return unset.then(() => headers && decideHeaders(exchange, false)) as Promise<void>
    if (headers) decideHeaders(exchange, false)
    return
  }
  mustBeSession(session)
  if (exchange.isOver(session.id)) return
  readyCookie(exchange, session)
  if (ending) renewOnce(exchange, session)
  const data = textOf(session, exchange.held)
  if (ending && data.length <= LATE_LOOK_LENGTH && !exchange.keeper.lendsSession) {
    exchange.endedWith = Object.values(session)
  }
  const { held, originalData } = exchange
  const known = held?.id === session.id
  const changed = known && data !== held.base
  const sameData = known && originalData === held.base ? !changed : data === originalData
  if (room.looksAtData) warnOfData(session, data, originalData)
  const modified = exchange.originalId !== session.id || !sameData
  const decision = decideSave(
    {
      usableId: typeof req.sessionID === 'string',
      isNew: !known,
      modified,
      dirty: known && (changed || held.settings !== Cookie.settings(session.cookie)),
      savedHere: exchange.saved,
    },
    room.policy,
  )
  debugRequest(req, 'session', decision.action, decision.because)
  const work = carryOut(exchange, session, data, decision, ending)
  const created = decision.action === 'create'
  if (isPromise(work)) return work.then(() => afterSave(exchange, modified, headers, created))
  afterSave(exchange, modified, headers, created)
}

/**
 * What cookie-session allows, `req.session = { … }`, has no id under which it could be saved.
 *
 * @throws SessionError ERR_SESSION_USAGE
 */
function mustBeSession(session: Session): void {
  // A session of another package's class is one too.
  if (session instanceof Session || typeof (session as Partial<Session>).save === 'function') return
  throw new SessionError(
    'ERR_SESSION_USAGE',
    'req.session was replaced by something that is no session, and cannot be saved; set its keys instead',
  )
}

/** Longest data text of a session that is looked at again after the end: some dozens of keys, in a microsecond. */
const LATE_LOOK_LENGTH = 1024

/** Whether keys were set or removed since `before`; what was changed inside of a value goes unseen. */
export function differs(session: object, before: readonly unknown[] | undefined): boolean {
  const now = Object.values(session)
  return now.length !== before?.length || now.some((value, i) => !Object.is(value, before[i]))
}

/**
 * Whether a session says what was last saved of it: a merge gives it the cookie that another request has set, which
 * is no change by its handler.
 */
export function isSaved(session: Session, held: KnownSession): boolean {
  try {
    return textOf(session, held) === held.base && Cookie.settings(session.cookie) === held.settings
  } catch {
    return false
  }
}

function carryOut(
  exchange: Exchange,
  session: Session,
  data: string,
  { action, because }: SaveDecision,
  ending: boolean,
): Awaitable<void> {
  const { held } = exchange
  if ((action === 'create' || because === 'changed') && hasOtherSave(session)) {
    return saveByMethod(exchange, session)
  }
  if (action === 'create') {
    renewOnce(exchange, session)
    return createFirst(exchange, session, data)
  }
  if (!held || action === 'none') return
  if (because === 'changed') {
    renewOnce(exchange, session)
    return writeKnown(exchange, held, session, data)
  }
  // What only moves the deadline is done once, at the end.
  if (ending) return keepAlive(exchange, held, session, data, action === 'write')
}

function afterSave(exchange: Exchange, modified: boolean, headers: boolean, created: boolean): void {
  const { session } = exchange.req
  if (session && exchange.isOver(session.id)) return
  // Too late for a cookie, but not for telling so.
  if (headers || (created && exchange.headersLeft)) decideHeaders(exchange, modified)
}

/** Data text of a session. @throws SessionError ERR_SESSION_UNSERIALIZABLE naming the key */
export function textOf(session: Session, held?: KnownSession): string {
  try {
    return held?.shown ? dataTextSince(session, held.shown, held.base) : dataText(session)
  } catch (cause) {
    const key = unserializableKey(session)
    const where = key === undefined ? 'the session' : `session key ${JSON.stringify(key)}`
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
    const words = `${where} cannot be written as JSON: ${reason}`
    throw new SessionError('ERR_SESSION_UNSERIALIZABLE', words, { cause })
  }
}

/** Whether this is a stored session that the request knows, and that has not been ended meanwhile. */
export function holdsStored({ held }: Exchange, id: string): boolean {
  return held?.id === id && held.flight?.dead !== true
}

/** `req.session` is gone: with `unset: 'destroy'` so is the record. */
function unsetSession(exchange: Exchange): Awaitable<void> {
  const { req, room } = exchange
  const id = req.sessionID
  if (exchange.ended || !room.policy.unsetDestroys || typeof id !== 'string') return
  exchange.ended = { attributes: attributesOf(exchange) }
  exchange.end(id)
  const stored = holdsStored(exchange, id)
  return whenDone(exchange.keeper.destroy(id), (alive) => {
    exchange.hold(undefined)
    if (alive && stored) room.tell('destroyed', () => ({ session: room.fingerprint(id), because: 'unset' }))
  })
}

/** The first record of a session: with the id that was drawn, or with another if that one is taken. */
export function createFirst(exchange: Exchange, session: Session, data: string): Awaitable<void> {
  if (session.id !== exchange.drawnId) {
    return whenDone(exchange.keeper.put(session, data), (held) => tellCreated(exchange, held))
  }
  const created = exchange.keeper.create(session, data)
  if (!isPromise(created) && created) return tellCreated(exchange, created)
  return redrawUntilFree(exchange, session, data, Promise.resolve(created))
}

/** How many more ids are drawn when the first is taken. */
export const REDRAWS = 3

async function redrawUntilFree(
  exchange: Exchange,
  session: Session,
  data: string,
  first: Promise<KnownSession | undefined>,
): Promise<void> {
  let held = await first.catch((error: unknown) => {
    // It may have been written all the same, and an id of ours is nobody else's: the next attempt may replace it.
    if (!exchange.room.policy.genid) exchange.drawnId = undefined
    throw error
  })
  for (let draws = 0; !held && draws < REDRAWS; draws++) {
    const id = await exchange.room.newId(exchange.req)
    if (typeof id !== 'string') break
    setSessionId(session, id)
    exchange.req.sessionID = id
    exchange.drawnId = id
    held = await exchange.keeper.create(session, data)
  }
  if (held) return tellCreated(exchange, held)
  throw new SessionError('ERR_SESSION_ID_TAKEN', `the id generator gave an id in use, ${REDRAWS + 1} times`)
}

function tellCreated(exchange: Exchange, held: KnownSession): void {
  exchange.hold(held)
  exchange.saved = true
  exchange.room.tellOf('created', held.id)
}

export function writeKnown(
  exchange: Exchange,
  held: KnownSession,
  session: Session,
  data: string,
): Awaitable<void> {
  const written = exchange.keeper.write(held, session, data)
  return isPromise(written)
    ? written.then((how) => tellWritten(exchange, held, how))
    : tellWritten(exchange, held, written)
}

function tellWritten(exchange: Exchange, held: KnownSession, how: Written): void {
  if (how === 'gone') {
    exchange.end(held.id)
    exchange.room.tellOf('interrupted', held.id)
    return
  }
  exchange.saved = true
  tellSaved(exchange, held, how === 'merged')
}

export function tellSaved({ room }: Exchange, held: KnownSession, merged: boolean): void {
  room.tell('saved', () => ({
    session: room.fingerprint(held.id),
    merged,
    overwritten: [...held.overwritten],
  }))
}

/** An unchanged session lives on. That this failed, or that it is gone, is no error of the response. */
function keepAlive(
  exchange: Exchange,
  held: KnownSession,
  session: Session,
  data: string,
  resave: boolean,
): Awaitable<void> {
  try {
    const kept =
      resave && !exchange.keeper.resaveIsTouch
        ? exchange.keeper.write(held, session, data)
        : exchange.keeper.touch(held, session, exchange.touchedByHandler)
    if (!isPromise(kept)) return
    return kept.then(ignore, resave ? undefined : ignore)
  } catch (error) {
    if (resave) throw error
  }
}
