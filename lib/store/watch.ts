import type { EndedBecause } from '../backend/news'
import { badOption } from '../base/errors'
import type { Data } from '../record/text'

/** Which sessions: one by its id (as in `req.session.id`), those of an owner, or all of the store's prefix. */
export type WatchTarget =
  | { readonly session: string }
  | { readonly owner: string | number }
  | { readonly all: true }

/** What `store.watch` tells. It never holds the id of a session. */
export interface WatchEvent {
  /**
   * `created`: a session that was not there before; to those who watch an owner also one that has become that owner's.
   * `changed`: its data, its cookie or its owner are others than before; several changes may be told as one.
   * `ended`: it is gone; exactly once.
   */
  readonly type: 'created' | 'changed' | 'ended'
  /** Tells sessions apart, as in `sessionsOf` and in events. */
  readonly fingerprint: string
  /** Whose it is, or was when it ended. `undefined`: nobody's, or the store keeps no index of owners. */
  readonly owner: string | undefined
  /** Why it ended; `undefined` of the others. */
  readonly because: EndedBecause | undefined
  /** The fingerprint of the session in its place, where it ended because it was renewed. */
  readonly successor: string | undefined
  /** The data without the cookie, read when asked for; of one that ended the last ones, where they are still known. */
  readonly data: Data | undefined
}

export type WatchListener = (event: WatchEvent) => unknown

export type Scope = { readonly session: string } | { readonly owner: string } | 'all'

/** @throws TypeError ERR_SESSION_OPTION */
export function scopeOf(target: unknown): Scope {
  const { session, owner, all } = (target ?? {}) as Record<string, unknown>
  const given = [session, owner, all].filter((value) => value !== undefined)
  if (given.length === 1) {
    if (typeof session === 'string' && session !== '') return { session }
    if ((typeof owner === 'string' && owner !== '') || typeof owner === 'number')
      return { owner: String(owner) }
    if (all === true) return 'all'
  }
  badOption('watch', 'one of { session: id }, { owner } and { all: true }', target)
}
