import { type Binding, readTrust, type TrustNotes, trustText } from '../record/trust'
import { Cookie } from '../session/cookie'
import type { Session } from '../session/session'

/** What the server has noted of a session. */
function notesOf({ cookie }: Session): TrustNotes {
  return readTrust(cookie instanceof Cookie ? Cookie.trustOf(cookie) : '')
}

export function bindingOf(session: Session): Binding | undefined {
  return notesOf(session).binding
}

/** Notes it, and saves it at once: a note is in the store or an error is told. */
export async function keep(session: Session, change: Partial<TrustNotes>): Promise<void> {
  Cookie.entrust(session.cookie, trustText({ ...notesOf(session), ...change }))
  await session.save()
}
