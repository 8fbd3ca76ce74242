import { warnOnce } from '../base/warnings'
import type { KnownSession } from '../keeper/contract'
import { Cookie } from '../session/cookie'
import type { Session } from '../session/session'
import type { RequestState } from './state'
import { liveText } from './text'

/** Longest data text of a session that is compared: some dozens of keys, in a microsecond. */
const LENGTH_MAX = 1024

/**
 * Remembers the session's values when the response ends. Not those of a store that gets the live session itself: it
 * may add properties to it.
 */
export function noteValuesAtEnd(state: RequestState, session: Session, data: string): void {
  if (data.length <= LENGTH_MAX && !state.keeper.lendsSession) state.valuesAtEnd = Object.values(session)
}

/** Whether keys were set or removed after the response ended, with a warning; a change inside of a value goes unseen. */
export function changedAfterEnd({ req, known, valuesAtEnd }: RequestState): boolean {
  const { session } = req
  if (!session || known?.id !== session.id) return false
  if (hasValues(session, valuesAtEnd) || isSaved(session, known)) return false
  warnOnce(
    'SOJOURN_CHANGED_AFTER_END',
    'a handler changed the session after it had ended the response; change it before, so that the response ' +
      'waits until it is saved',
  )
  return true
}

function hasValues(session: Session, expected: readonly unknown[] | undefined): boolean {
  const values = Object.values(session)
  return values.length === expected?.length && values.every((value, i) => Object.is(value, expected[i]))
}

/** A merge gives the session values and a cookie that another request has set: no change by its handler. */
function isSaved(session: Session, known: KnownSession): boolean {
  try {
    return liveText(session, known) === known.base && Cookie.settings(session.cookie) === known.settings
  } catch {
    return false
  }
}
