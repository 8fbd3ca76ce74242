import { SessionError } from '../base/errors'
import { isUsableId } from '../base/ids'
import type { KnownSession, Updater } from '../keeper/contract'
import { dataText, parseData } from '../record/text'
import { type Session, setSessionId, showInstead } from '../session/session'
import { createFirst, holdsStored, REDRAWS, tellSaved, textOf, writeKnown } from './commit'
import { attributesOf } from './cookies'
import type { Exchange } from './exchange'
import { marked } from './inside-update'
import { readyCookie, renewOnce } from './renew'
import { inflate } from './start'

/** `session.save()`: writes also what is unchanged, so that the session lives on. */
export async function save(exchange: Exchange, session: Session): Promise<void> {
  // As in express-session, an id that is no string is never saved.
  if (typeof session.id !== 'string') return
  if (exchange.isOver(session.id)) throw gone('save')
  readyCookie(exchange, session)
  renewOnce(exchange, session)
  const data = textOf(session)
  const { held } = exchange
  if (held?.id === session.id) await writeKnown(exchange, held, session, data)
  else await createFirst(exchange, session, data)
  if (exchange.isOver(session.id)) throw gone('save')
}

/** `session.reload()`: the words of the error are express-session's. */
export async function reload(exchange: Exchange, session: Session): Promise<void> {
  const loaded = await exchange.keeper.load(session.id)
  if (!loaded) throw new Error('failed to load session')
  inflate(exchange, loaded)
}

export async function destroy(exchange: Exchange, session: Session): Promise<void> {
  const { id } = session
  const { room } = exchange
  const stored = holdsStored(exchange, id)
  exchange.ended = { attributes: attributesOf(exchange, session) }
  exchange.end(id)
  const alive = await exchange.keeper.destroy(id)
  if (exchange.held?.id === id) exchange.hold(undefined)
  if (alive && stored) room.tell('destroyed', () => ({ session: room.fingerprint(id), because: 'destroyed' }))
}

export async function regenerate(exchange: Exchange, session: Session): Promise<void> {
  const { req, room } = exchange
  const { id } = session
  const stored = holdsStored(exchange, id)
  let alive = false
  // Drawn ahead: `generate` cannot wait for an async genid.
  exchange.nextId = await room.newId(req)
  exchange.end(session.id)
  exchange.regenerating = true
  try {
    alive = await exchange.keeper.regenerate(session, () => room.store.generate(req))
  } finally {
    exchange.regenerating = false
  }
  if (alive && stored)
    room.tell('destroyed', () => ({ session: room.fingerprint(id), because: 'regenerated' }))
}

export async function renewId(exchange: Exchange, session: Session): Promise<void> {
  const { req, held } = exchange
  const previous = session.id
  if (exchange.isOver(previous)) throw gone('renewId')
  readyCookie(exchange, session)
  renewOnce(exchange, session)
  if (held?.id !== previous) setSessionId(session, await drawId(exchange))
  else exchange.hold(await renewHeld(exchange, held, session))
  req.sessionID = session.id
  exchange.drawnId = session.id
  exchange.saved = exchange.held !== undefined
  // A new one has not been anywhere under its previous id.
  if (!exchange.saved) return
  const { room } = exchange
  room.tell('renewed', () => ({
    session: room.fingerprint(session.id),
    previous: room.fingerprint(previous),
  }))
}

async function renewHeld(exchange: Exchange, held: KnownSession, session: Session): Promise<KnownSession> {
  for (let draws = 0; draws <= REDRAWS; draws++) {
    const next = await exchange.keeper.renew(held, session, textOf(session), await drawId(exchange))
    if (!next) {
      exchange.end(held.id)
      exchange.room.tellOf('interrupted', held.id)
      throw gone('renewId')
    }
    if (next !== 'taken') return next
  }
  throw new SessionError('ERR_SESSION_ID_TAKEN', 'renewId: the id generator gave ids that are in use')
}

async function drawId(exchange: Exchange): Promise<string> {
  const id = await exchange.room.newId(exchange.req)
  if (!isUsableId(id))
    throw new SessionError('ERR_SESSION_ID', 'genid gave something that cannot be a session id')
  exchange.drawnId = id
  return id
}

/** `update(req, change)`: the request's own changes so far go along. */
export async function updateSession<R>(exchange: Exchange, given: Updater<R>): Promise<R> {
  const change = marked(exchange, given)
  const { session } = exchange.req
  if (!session) throw new SessionError('ERR_SESSION_USAGE', 'update: the request has no session')
  if (exchange.isOver(session.id)) throw gone('update')
  readyCookie(exchange, session)
  renewOnce(exchange, session)
  const data = textOf(session)
  const { held } = exchange
  if (held?.id !== session.id) {
    const draft = parseData(data)
    const result = await change(draft)
    showInstead(session, data, dataText(draft))
    await createFirst(exchange, session, textOf(session))
    return result
  }
  const updated = await exchange.keeper.update(held, session, data, change)
  if (!updated) {
    exchange.end(held.id)
    exchange.room.tellOf('interrupted', held.id)
    throw gone('update')
  }
  exchange.saved = true
  tellSaved(exchange, held, false)
  return updated.result
}

function gone(verb: string): SessionError {
  return new SessionError(
    'ERR_SESSION_GONE',
    `${verb}: the session was destroyed, renewed or has expired meanwhile`,
  )
}
