/**
 * What a middleware tells through `sessions.events`. `session` is always a fingerprint (short SHA-256) of the
 * session id, never the id.
 */
export interface SessionEvents {
  /** A new session was saved for the first time. */
  created: { session: string }
  /**
   * A changed session was saved; `merged`: together with changes that another request made meanwhile. `overwritten`: the
   * top-level keys that both had changed, to which this write has given its own value.
   */
  saved: { session: string; merged: boolean; overwritten: string[] }
  /** A stored session was ended. */
  destroyed: { session: string; because: EndReason }
  /** A stored session has a new id. */
  renewed: { session: string; previous: string }
  /** A session has reached the end of its time. */
  expired: { session: string; because: ExpiredReason }
  /** A request changed a session that had been ended, renewed or expired meanwhile: nothing was written. */
  interrupted: { session: string }
  /** A cookie that the browser sent is not used. */
  refused: { because: RefusedReason; session?: string }
  /** A session was bound to a device, or its device has proved again that it has the key. */
  bound: { session: string; because: 'registered' | 'refreshed' }
  /** A browser went without proving its key, and says why. */
  skipped: { session: string; because: 'unreachable' | 'server_error' | 'quota_exceeded' }
  /** A cookie that would have been set is not sent. */
  withheld: { because: WithheldReason; session: string }
  /** A record cannot be read as a session; it counts as absent. */
  unreadable: { session: string }
  /** A store call failed or was not answered in time. */
  storeError: { operation: StoreOperation; error: Error }
  /** The store has lost (`up: false`) or found again (`up: true`) its connection. */
  storeState: { up: boolean }
}

export type EndReason =
  /** By `session.destroy()` or `store.destroy()`. */
  | 'destroyed'
  /** By `session.regenerate()`, for a new one. */
  | 'regenerated'
  /** By `req.session = null` and `unset: 'destroy'`. */
  | 'unset'
  /** By `store.revoke()` or `store.revokeOwner()`. */
  | 'revoked'
  /** By `store.clear()`. */
  | 'cleared'
  /** To make room: `maxPerOwner`, or `max` of the MemoryStore. */
  | 'evicted'
  /** `maxPerOwner` with `'refuse'`: it would have become one of an owner's sessions too many. */
  | 'refused'

export type ExpiredReason =
  /** `idleTimeout` */
  | 'idle'
  /** `absoluteTimeout` */
  | 'absolute'
  /** `cookie.maxAge`, or the store's `ttl`: told by the MemoryStore when it finds out. */
  | 'deadline'

export type RefusedReason =
  /** No secret verifies the signature, or there is none: tampered with, or from another application. */
  | 'signature'
  /** Too long, or with characters that no id has. */
  | 'malformed'
  /** Signed by us, and the store has no such session: ended, expired, or from another store. */
  | 'unknown'
  /** The session is bound to a device, and the request has no valid bound cookie; or it should be bound and is not. */
  | 'unbound'
  /** A registration or refresh of a device's key that is malformed, replayed or signed by another key. */
  | 'proof'

export type WithheldReason =
  /** `cookie.secure`, and the request did not come over https as far as `proxy` lets us see. */
  | 'insecure'
  /** The session was made after the headers had left. */
  | 'late'

export type StoreOperation = 'get' | 'set' | 'destroy' | 'touch' | 'create' | 'list'

export type SessionEventName = keyof SessionEvents
