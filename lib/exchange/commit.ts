import { type Awaitable, isPromise, whenDone } from '../base/async'
import { SessionError } from '../base/errors'
import { Cookie } from '../session/cookie'
import { Session } from '../session/session'
import { cookieAttributes, decideCookieLine } from './cookies'
import { warnOfData } from './data-warnings'
import { debugRequest } from './debug'
import { decideSave, type SaveDecision } from './decide'
import { noteValuesAtEnd } from './late-change'
import { readyCookie, renewOnce } from './renew'
import { createRecord, hasOwnSave, keepAlive, saveByMethod, writeRecord } from './save'
import type { RequestState } from './state'
import { textToSave } from './text'

/**
 * What happens when headers, the last byte or the end of a response are about to leave: the session is saved, if it
 * has to be, and after that the cookie is decided. The response waits for the promise, if there is one.
 *
 * @param ending the response ends: the deadline is moved too
 * @param headers the headers are about to leave
 * @throws what the store throws; SessionError ERR_SESSION_USAGE, ERR_SESSION_UNSERIALIZABLE
 */
export function commit(state: RequestState, ending: boolean, headers: boolean): Awaitable<void> {
  const { req, context } = state
  const { session } = req
  if (state.unbound) return
  if (!session) {
    const unset = unsetSession(state)
    if (isPromise(unset)) return unset.then(() => decideLine(state, headers, false))
    return decideLine(state, headers, false)
  }
  checkSession(session)
  if (state.isEnded(session.id)) return
  readyCookie(state, session)
  if (ending) renewOnce(state, session)
  const data = textToSave(state, session)
  if (ending) noteValuesAtEnd(state, session, data)
  if (context.looksAtData) warnOfData(session, data, state.originalData)

  const modified = isModified(state, session, data)
  const decision = decideSave(
    {
      usableId: typeof req.sessionID === 'string',
      isNew: state.known?.id !== session.id,
      modified,
      dirty: isDirty(state, session, data),
      savedHere: state.saved,
    },
    context.policy,
  )
  debugRequest(req, 'session', decision.action, decision.because)
  const saving = carryOut(state, session, data, decision, ending)
  const created = decision.action === 'create'
  if (isPromise(saving)) return saving.then(() => afterSave(state, headers, modified, created))
  afterSave(state, headers, modified, created)
}

/** `req.session` was set to nothing: with `unset: 'destroy'` its record is removed. */
function unsetSession(state: RequestState): Awaitable<void> {
  const { req, context } = state
  const id = req.sessionID
  if (state.endedCookie || !context.policy.unsetDestroys || typeof id !== 'string') return
  state.endedCookie = cookieAttributes(state)
  state.end(id)
  const stored = state.knowsStored(id)
  return whenDone(state.keeper.destroy(id, 'unset'), (alive) => {
    state.know(undefined)
    if (alive && stored) state.destroyed(id, 'unset')
  })
}

/**
 * What cookie-session allows, `req.session = { … }`, has no id under which it could be saved.
 *
 * @throws SessionError ERR_SESSION_USAGE
 */
function checkSession(session: Session): void {
  // A session of another package's class is one too.
  if (session instanceof Session || typeof (session as Partial<Session>).save === 'function') return
  throw new SessionError(
    'ERR_SESSION_USAGE',
    'req.session was replaced by something that is no session, and cannot be saved; set its keys instead',
  )
}

/** Whether the session has another id or other data than at the start of the request. */
function isModified(
  { originalId, originalData, known }: RequestState,
  session: Session,
  data: string,
): boolean {
  if (originalId !== session.id) return true
  // As long as nothing changes, `data` is the string `base` itself, and the comparison costs nothing.
  if (known?.id === session.id && originalData === known.base) return data !== known.base
  return data !== originalData
}

/** Whether the stored record differs from the session, as far as this request knows. */
function isDirty({ known }: RequestState, session: Session, data: string): boolean {
  if (known?.id !== session.id) return false
  return data !== known.base || known.settings !== Cookie.settings(session.cookie)
}

function carryOut(
  state: RequestState,
  session: Session,
  data: string,
  { action, because }: SaveDecision,
  ending: boolean,
): Awaitable<void> {
  const { known } = state
  const changed = because === 'changed'
  if ((action === 'create' || changed) && hasOwnSave(session)) return saveByMethod(state, session)
  if (action === 'create') {
    renewOnce(state, session)
    return createRecord(state, session, data)
  }
  if (!known || action === 'none') return
  if (changed) {
    renewOnce(state, session)
    return writeRecord(state, known, session, data)
  }
  // What only moves the deadline is done once, at the end.
  if (ending) return keepAlive(state, known, session, data, action === 'write')
}

function afterSave(state: RequestState, headers: boolean, modified: boolean, created: boolean): void {
  const { session } = state.req
  if (session && state.isEnded(session.id)) return
  // With headers that have left it is too late for a cookie, but not for telling so.
  decideLine(state, headers || (created && state.headersLeft), modified)
}

function decideLine(state: RequestState, due: boolean, modified: boolean): void {
  if (due) decideCookieLine(state, modified)
}
