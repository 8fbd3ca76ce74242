import type { EndReason } from '../base/events'
import type { Entry, StoreKey } from './entry'

/** Why a session is no more under its key. */
export type EndedBecause =
  | EndReason
  /** It has another id now. */
  | 'renewed'
  /** Its time is over. */
  | 'expired'

/** What a caller of `remove`, or of `replace` with a deadline that is past, says of its reason. */
export interface Ending {
  readonly because: EndedBecause
  /** Of `renewed`: the key under which the session goes on. */
  readonly successor?: StoreKey | undefined
}

/** What a backend tells of one key: read it, it may be another than before. */
export interface KeyNews {
  readonly key: StoreKey
  /** It has ended, for certain: what stands there now, if anything, was made after that. */
  readonly ended: boolean
  /** Why, if it has ended. */
  readonly ending?: Ending | undefined
  /** What ended, where the backend still has it. */
  readonly last?: Entry | undefined
}

/** `gap`: anything may have happened, so that who watches has to read again. */
export type News = KeyNews | 'gap'

export type NewsListener = (news: News) => void

/** Two of one key as one. */
export function joinNews(first: KeyNews | undefined, next: KeyNews): KeyNews {
  if (!first) return next
  const { key } = next
  return {
    key,
    ended: first.ended || next.ended,
    ending: next.ending ?? first.ending,
    last: next.last ?? first.last,
  }
}
