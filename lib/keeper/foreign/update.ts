import { ignore, isPromise } from '../../base/async'
import { deltaBetween, overwrittenBy } from '../../record/delta'
import { type Data, dataOf, dataText, parseData } from '../../record/text'
import { showInstead } from '../../session/live-data'
import type { Session } from '../../session/session'
import type { Flight, KnownSession, Updated, Updater } from '../contract'
import { resolveCookieConflict } from '../cookie-conflict'
import type { ForeignOrder } from './order'

/** What an update would write, made of the data text `before`. */
interface UpdateDraft<R> {
  readonly before: string
  readonly data: Data
  readonly result: R
}

/**
 * Brings what others have committed into the live session, below what this request has changed.
 *
 * @returns `false`: the session was ended
 */
export async function catchUp(
  order: ForeignOrder,
  known: KnownSession,
  flight: Flight,
  session: Session,
): Promise<boolean> {
  if (flight.dead) return false
  known.overwritten = NONE
  if (known.version === flight.version) return true
  const { version } = flight
  const theirs = await order.get(known.id)
  if (!theirs || flight.dead) return false
  const base = dataText(theirs)
  known.overwritten = overwrittenBy(deltaBetween(known.base, dataText(session)), dataOf(theirs, 'cookie'))
  showInstead(session, known.base, base)
  resolveCookieConflict(known, session, theirs.cookie)
  known.base = base
  known.version = version
  return true
}

/**
 * Reads, changes and writes in one turn where `change` answers at once. What it waits for must not keep others
 * waiting: then it writes in a later turn, and runs again when somebody was quicker.
 */
export async function updateQueued<R>(
  order: ForeignOrder,
  known: KnownSession,
  session: Session,
  change: Updater<R>,
): Promise<Updated<R> | undefined> {
  const flight = order.flights.of(known)
  for (;;) {
    const draft = await order.turn(flight, 'set', async () => {
      if (!(await catchUp(order, known, flight, session))) return undefined
      const before = dataText(session)
      const data = parseData(before)
      const result = change(data)
      if (!isPromise(result)) return keep(order, known, flight, session, { before, data, result })
      const pending = Promise.resolve(result)
      // It may fail before anybody awaits it.
      pending.catch(ignore)
      return { before, data, pending, version: flight.version }
    })
    if (!draft || !('pending' in draft)) return draft
    const result = await draft.pending
    const done = await order.turn(flight, 'set', async () => {
      if (flight.dead) return undefined
      if (flight.version !== draft.version) return 'again'
      return keep(order, known, flight, session, { ...draft, result })
    })
    if (done !== 'again') return done
  }
}

async function keep<R>(
  order: ForeignOrder,
  known: KnownSession,
  flight: Flight,
  session: Session,
  draft: UpdateDraft<R>,
): Promise<Updated<R>> {
  const after = dataText(draft.data)
  showInstead(session, draft.before, after)
  try {
    await order.set(known, flight, session)
  } catch (error) {
    showInstead(session, after, draft.before)
    throw error
  }
  return { result: draft.result }
}

const NONE: readonly string[] = []
