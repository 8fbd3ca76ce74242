import type { HookedResponse } from '../response/parts'
import type { Session, SessionRequest } from '../session/session'

/**
 * What the exchange asks about the trust in a session, where the application has turned on more than the cookie. The
 * answers are in `trust/`, a room above.
 */
export interface TrustHooks {
  /** Whether the middleware answers this request itself, and how. */
  endpointFor(req: SessionRequest): Endpoint | undefined
  /** Whether a request may have the stored session of these notes. */
  admits(req: SessionRequest, trust: string, fingerprint: () => string): boolean
  /** The session is about to be saved under a new id: its user has logged in. */
  beforeLogin(session: Session): void
  /** The headers leave of a response in which a session began by a login, or ended. */
  putHeaders(change: TrustChange, req: SessionRequest, res: HookedResponse): void
}

export type TrustChange = 'login' | 'logout'

/** A handler in the place of the application's. */
export type Endpoint = (req: SessionRequest, res: HookedResponse, next: (error?: unknown) => void) => void
