import { type Awaitable, asked, ignore, isPromise, whenDone } from '../base/async'
import { SessionError } from '../base/errors'
import type { KnownSession, Written } from '../keeper/contract'
import { OWN_METHODS, Session } from '../session/session'
import type { RequestState } from './state'

/** How many more ids are drawn when the first one is taken. */
export const REDRAWS_MAX = 3

/** Writes the first record of a session: under the id that was drawn, or another one if that is taken. */
export function createRecord(state: RequestState, session: Session, data: string): Awaitable<void> {
  if (session.id !== state.drawnId) {
    return whenDone(state.keeper.put(session, data), (known) => state.created(known))
  }
  const created = state.keeper.create(session, data)
  if (!isPromise(created) && created) return state.created(created)
  return createUnderFreeId(state, session, data, Promise.resolve(created))
}

async function createUnderFreeId(
  state: RequestState,
  session: Session,
  data: string,
  first: Promise<KnownSession | undefined>,
): Promise<void> {
  const { context, keeper } = state
  let known = await first.catch((error: unknown) => {
    // It may have been written all the same. An id of ours is used by no other session: the next attempt may replace it.
    if (!context.policy.genid) state.drawnId = undefined
    throw error
  })
  for (let draws = 0; !known && draws < REDRAWS_MAX; draws++) {
    const id = await context.newId(state.req)
    if (typeof id !== 'string') break
    state.rename(session, id)
    known = await keeper.create(session, data)
  }
  if (!known) {
    const message = `the id generator gave an id in use, ${REDRAWS_MAX + 1} times`
    throw new SessionError('ERR_SESSION_ID_TAKEN', message)
  }
  state.created(known)
}

/** Writes a session that the store has: this request's changes go on top of those of other requests. */
export function writeRecord(
  state: RequestState,
  known: KnownSession,
  session: Session,
  data: string,
): Awaitable<void> {
  const written = state.keeper.write(known, session, data)
  return isPromise(written)
    ? written.then((how) => noteWritten(state, known, how))
    : noteWritten(state, known, written)
}

function noteWritten(state: RequestState, known: KnownSession, how: Written): void {
  if (how === 'gone') state.lost(known)
  else state.wrote(known, how === 'merged')
}

/**
 * Keeps an unchanged session alive. With `resave` it is written, as the application asked for; without it a failure, or
 * that the session is gone, is no error of the response.
 */
export function keepAlive(
  { keeper, touchedByHandler }: RequestState,
  known: KnownSession,
  session: Session,
  data: string,
  resave: boolean,
): Awaitable<void> {
  try {
    const kept =
      resave && !keeper.resaveIsTouch
        ? keeper.write(known, session, data)
        : keeper.touch(known, session, touchedByHandler)
    if (isPromise(kept)) return kept.then(ignore, resave ? undefined : ignore)
  } catch (error) {
    if (resave) throw error
  }
}

/** Whether the application has replaced our `save`, on the prototype or on this session. */
export function hasOwnSave(session: Session): boolean {
  const { save } = session
  return save !== OWN_METHODS.save && typeof save === 'function' && session instanceof Session
}

/** Saves by the application's `save`, as express-session does at the end of a response. */
export async function saveByMethod(state: RequestState, session: Session): Promise<void> {
  state.savesByMethod = true
  try {
    await asked((done) => session.save(done))
  } finally {
    state.savesByMethod = false
  }
}
