/**
 * The decisions at the end of a request, as pure functions of facts and policy. Each gives its reason, which is
 * the debug line and the event.
 */

export interface SaveFacts {
  /** A string; anything else is an id that cannot be saved. */
  readonly usableId: boolean
  /** The store has no record of this id as far as this request knows. */
  readonly isNew: boolean
  /** Another id than at the start of the request, or other data. */
  readonly modified: boolean
  /** Data or cookie settings differ from what was last loaded or saved. */
  readonly dirty: boolean
  /** This request has saved this session already. */
  readonly savedHere: boolean
}

export interface SavePolicy {
  readonly saveUninitialized: boolean
  readonly resave: boolean
}

/** `create`: the first record of a new session; `write`: a changed one; `touch`: only the deadline moves. */
export type SaveAction = 'none' | 'create' | 'write' | 'touch'

export interface SaveDecision {
  readonly action: SaveAction
  readonly because: string
}

const UNUSABLE_ID: SaveDecision = { action: 'none', because: 'the session id is no string' }
const UNINITIALIZED: SaveDecision = { action: 'none', because: 'new and uninitialized' }
const NEW_MODIFIED: SaveDecision = { action: 'create', because: 'new and modified' }
const NEW_KEPT: SaveDecision = { action: 'create', because: 'new, and saveUninitialized' }
const CHANGED: SaveDecision = { action: 'write', because: 'changed' }
const RESAVE: SaveDecision = { action: 'write', because: 'unchanged, and resave' }
const SAVED: SaveDecision = { action: 'none', because: 'saved by the handler' }
const UNCHANGED: SaveDecision = { action: 'touch', because: 'unchanged' }

export function decideSave(facts: SaveFacts, policy: SavePolicy): SaveDecision {
  if (!facts.usableId) return UNUSABLE_ID
  if (facts.isNew) {
    if (facts.modified) return NEW_MODIFIED
    return policy.saveUninitialized ? NEW_KEPT : UNINITIALIZED
  }
  if (facts.dirty) return CHANGED
  if (facts.savedHere) return SAVED
  return policy.resave ? RESAVE : UNCHANGED
}

export interface CookieFacts {
  /** `req.session` is there. */
  readonly hasSession: boolean
  readonly usableId: boolean
  /** The browser sent a cookie that verified. */
  readonly cookieSent: boolean
  /** ... and it carries the session's id. */
  readonly browserHasId: boolean
  readonly modified: boolean
  /** The session was ended by `destroy()` or `unset: 'destroy'`, and no other has taken its place. */
  readonly ended: boolean
  /** The cookie has an end of its own (`expires` or `maxAge`). */
  readonly cookieExpires: boolean
  readonly cookieSecure: boolean
  readonly requestSecure: boolean
}

export interface CookiePolicy {
  readonly saveUninitialized: boolean
  readonly rolling: boolean
}

/** `withhold`: the cookie was due, and the connection is not what it asks for. */
export type CookieAction = 'none' | 'set' | 'clear' | 'withhold'

export interface CookieDecision {
  readonly action: CookieAction
  readonly because: string
}

const NO_SESSION: CookieDecision = { action: 'none', because: 'no session' }
const ENDED: CookieDecision = { action: 'clear', because: 'the session was ended' }
const NO_ID: CookieDecision = { action: 'none', because: 'the session id is no string' }
const EMPTY: CookieDecision = { action: 'none', because: 'new and uninitialized' }
const KNOWN: CookieDecision = { action: 'none', because: 'the browser has it' }
const INSECURE: CookieDecision = {
  action: 'withhold',
  because: 'cookie.secure, and the request is not https',
}
const NEW_ID: CookieDecision = { action: 'set', because: 'the browser does not have this id' }
const ROLLING: CookieDecision = { action: 'set', because: 'rolling' }
const MODIFIED: CookieDecision = { action: 'set', because: 'modified, and the cookie has an end' }

export function decideCookie(facts: CookieFacts, policy: CookiePolicy): CookieDecision {
  if (!facts.hasSession) return facts.ended && facts.cookieSent ? ENDED : NO_SESSION
  if (!facts.usableId) return NO_ID
  let decision: CookieDecision
  if (!facts.browserHasId) decision = policy.saveUninitialized || facts.modified ? NEW_ID : EMPTY
  else if (policy.rolling) decision = ROLLING
  else decision = facts.cookieExpires && facts.modified ? MODIFIED : KNOWN
  if (decision.action === 'set' && facts.cookieSecure && !facts.requestSecure) return INSECURE
  return decision
}
