import { SessionError } from '../base/errors'
import { isUsableId } from '../base/ids'
import type { KnownSession, Updater } from '../keeper/contract'
import { dataText, parseData } from '../record/text'
import { showInstead } from '../session/live-data'
import { type Session, setSessionId } from '../session/session'
import { cookieAttributes } from './cookies'
import { insideUpdate } from './inside-update'
import { readyCookie, renewOnce } from './renew'
import { createRecord, REDRAWS_MAX, writeRecord } from './save'
import { inflate } from './start'
import type { RequestState } from './state'
import { liveText, textToSave } from './text'

/** `session.save()`: writes also what is unchanged, so that the session lives on. */
export async function save(state: RequestState, session: Session): Promise<void> {
  // As in express-session, an id that is no string is never saved.
  if (typeof session.id !== 'string' || state.unbound) return
  prepare(state, session, 'save')
  const data = textToSave(state, session)
  const { known } = state
  if (known?.id === session.id) await writeRecord(state, known, session, data)
  else await createRecord(state, session, data)
  checkAlive(state, session, 'save')
}

/** `session.reload()`: the words of the error are express-session's. */
export async function reload(state: RequestState, session: Session): Promise<void> {
  const loaded = await state.keeper.load(session.id)
  if (!loaded) throw new Error('failed to load session')
  inflate(state, loaded)
}

/** `session.destroy()` */
export async function destroy(state: RequestState, session: Session): Promise<void> {
  const { id } = session
  const stored = state.knowsStored(id)
  state.unbound = false
  state.endedCookie = cookieAttributes(state, session)
  state.end(id)
  const alive = await state.keeper.destroy(id)
  if (state.known?.id === id) state.know(undefined)
  if (alive && stored) state.destroyed(id, 'destroyed')
}

/** `session.regenerate()`, by the store's own `regenerate`. */
export async function regenerate(state: RequestState, session: Session): Promise<void> {
  const { req, context } = state
  const { id } = session
  const stored = state.knowsStored(id)
  let alive = false
  // Drawn ahead: `generate` cannot wait for an async genid.
  state.nextId = await context.newId(req)
  state.end(session.id)
  state.unbound = false
  state.regenerating = true
  try {
    alive = await state.keeper.regenerate(session, () => context.store.generate(req))
  } finally {
    state.regenerating = false
  }
  if (req.session) noteLogin(state, req.session)
  if (alive && stored) state.destroyed(id, 'regenerated')
}

/** `session.renewId()`: another id for the same data. */
export async function renewId(state: RequestState, session: Session): Promise<void> {
  const { req, known, context } = state
  const previous = session.id
  prepare(state, session, 'renewId')
  state.unbound = false
  noteLogin(state, session)
  if (known?.id !== previous) setSessionId(session, await drawId(state))
  else state.know(await renewRecord(state, known, session))
  req.sessionID = session.id
  state.drawnId = session.id
  state.saved = state.known !== undefined
  // A new session has not been stored under its previous id.
  if (!state.saved) return
  context.tell('renewed', () => ({
    session: context.fingerprint(session.id),
    previous: context.fingerprint(previous),
  }))
}

function noteLogin(state: RequestState, session: Session): void {
  const { trust } = state.context
  if (!trust) return
  trust.beforeLogin(session)
  state.trustChange = 'login'
}

async function renewRecord(
  state: RequestState,
  known: KnownSession,
  session: Session,
): Promise<KnownSession> {
  for (let draws = 0; draws <= REDRAWS_MAX; draws++) {
    const renewed = await state.keeper.renew(known, session, liveText(session), await drawId(state))
    if (!renewed) {
      state.lost(known)
      throw gone('renewId')
    }
    if (renewed !== 'taken') return renewed
  }
  throw new SessionError('ERR_SESSION_ID_TAKEN', 'renewId: the id generator gave ids that are in use')
}

async function drawId(state: RequestState): Promise<string> {
  const id = await state.context.newId(state.req)
  if (!isUsableId(id))
    throw new SessionError('ERR_SESSION_ID', 'genid gave something that cannot be a session id')
  state.drawnId = id
  return id
}

/** `update(req, change)`: what the request itself has changed so far is part of it. */
export async function updateSession<R>(state: RequestState, given: Updater<R>): Promise<R> {
  const { session } = state.req
  if (!session) throw new SessionError('ERR_SESSION_USAGE', 'update: the request has no session')
  prepare(state, session, 'update')
  const change = insideUpdate(state, given)
  const data = liveText(session)
  const { known } = state
  if (known?.id !== session.id) {
    const draft = parseData(data)
    const result = await change(draft)
    showInstead(session, data, dataText(draft))
    if (!state.unbound) await createRecord(state, session, liveText(session))
    return result
  }
  const updated = await state.keeper.update(known, session, data, change)
  if (!updated) {
    state.lost(known)
    throw gone('update')
  }
  state.wrote(known, false)
  return updated.result
}

/** Makes the session ready to be written. @throws SessionError ERR_SESSION_GONE */
function prepare(state: RequestState, session: Session, verb: string): void {
  checkAlive(state, session, verb)
  readyCookie(state, session)
  renewOnce(state, session)
}

function checkAlive(state: RequestState, session: Session, verb: string): void {
  if (state.isEnded(session.id)) throw gone(verb)
}

function gone(verb: string): SessionError {
  return new SessionError(
    'ERR_SESSION_GONE',
    `${verb}: the session was destroyed, renewed or has expired meanwhile`,
  )
}
