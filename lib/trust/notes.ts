import { Exchange } from '../exchange/exchange'
import { type Binding, readTrust, type TrustNotes, trustText } from '../record/trust'
import { Cookie } from '../session/cookie'
import { LINK, type Session } from '../session/session'

/** What the server has noted of a session. */
export function notesOf({ cookie }: Session): TrustNotes {
  return readTrust(cookie instanceof Cookie ? Cookie.trustOf(cookie) : '')
}

export function bindingOf(session: Session): Binding | undefined {
  return notesOf(session).binding
}

/** Notes it, and saves it at once: a note is in the store or an error is told. */
export async function keep(session: Session, change: Partial<TrustNotes>): Promise<void> {
  // One that the handler made itself; what the session was trusted with comes back when it is saved.
  if (!(session.cookie instanceof Cookie)) session.cookie = new Cookie(session.cookie)
  Cookie.entrust(session.cookie, trustText({ ...notesOf(session), ...change }))
  await session.save()
  // For a cookie that the handler puts in the place of this one.
  const link = session.req[LINK]
  const known = link instanceof Exchange ? link.state.known : undefined
  if (known && session.cookie instanceof Cookie) known.trust = Cookie.trustOf(session.cookie)
}
