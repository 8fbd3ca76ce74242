import { SessionError } from '../../base/errors'
import { type Delta, deltaBetween, isChange, overwrittenBy, overwrittenKeys } from '../../record/delta'
import { type Data, dataOf, dataText, parseData, withoutCookie } from '../../record/text'
import { setData } from '../../session/live-data'
import type { Concurrency } from '../../session/policy'
import { Session } from '../../session/session'
import type { KnownSession } from '../contract'
import type { ForeignRecord } from './store'

/**
 * What is to be written when somebody else may have written meanwhile; `known.overwritten` says what of theirs is lost.
 *
 * @param data data text of the live session
 * @returns `undefined`: the live session as it is
 * @throws SessionError ERR_SESSION_CONFLICT when both changed it and the policy is to reject
 */
export function mergedWith(
  theirs: ForeignRecord,
  known: KnownSession,
  session: Session,
  data: string,
  concurrency: Concurrency,
): Session | undefined {
  if (dataText(theirs) === known.base) return undefined
  const delta = deltaBetween(known.base, data)
  const changed = isChange(delta)
  if (changed && concurrency === 'reject') {
    throw new SessionError('ERR_SESSION_CONFLICT', 'another request has changed the session meanwhile')
  }
  const others = dataOf(theirs, 'cookie')
  if (changed && concurrency === 'overwrite') {
    known.overwritten = overwrittenKeys(delta.before, others, parseData(data))
    return undefined
  }
  known.overwritten = overwrittenBy(delta, others)
  return withDelta(theirs, delta, session)
}

function withDelta(theirs: ForeignRecord, delta: Delta, session: Session): Session {
  // A copy: a store may answer what it keeps itself, and the save may fail.
  const data = withoutCookie(theirs)
  for (const key of delta.removed) delete data[key]
  // The live values, of which a store may keep more than JSON does.
  for (const key of Object.keys(delta.set)) setData(data, key, (session as unknown as Data)[key])
  return new Session(session.req, data, session.cookie)
}
