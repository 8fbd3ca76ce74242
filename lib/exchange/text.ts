import { SessionError } from '../base/errors'
import type { KnownSession } from '../keeper/contract'
import { composedText } from '../record/composed'
import { dataText, unserializableKey } from '../record/text'
import type { Session } from '../session/session'
import type { RequestState } from './state'

/**
 * Data text of a live session.
 *
 * @param known makes it cheaper: most values are still those that it shows
 * @param asTree composes it of a tree, which its keeper takes; see `composedText`
 * @throws SessionError ERR_SESSION_UNSERIALIZABLE naming the key
 */
export function liveText(
  session: Session,
  known?: KnownSession,
  asTree = known?.shown !== undefined,
): string {
  try {
    return asTree ? composedText(session, known?.shown, known?.base ?? '') : dataText(session)
  } catch (cause) {
    const key = unserializableKey(session)
    const where = key === undefined ? 'the session' : `session key ${JSON.stringify(key)}`
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
    throw new SessionError('ERR_SESSION_UNSERIALIZABLE', `${where} cannot be written as JSON: ${reason}`, {
      cause,
    })
  }
}

/** As `liveText`, of the session that is about to be saved, as its keeper likes it best. */
export function textToSave({ known, keeper }: RequestState, session: Session): string {
  return liveText(session, known, keeper.readsTrees)
}

/** @returns the data text, or an empty one where there is no session or it cannot be written */
export function attemptedText(session: Session | null | undefined): string {
  try {
    return session ? liveText(session) : ''
  } catch {
    return ''
  }
}
