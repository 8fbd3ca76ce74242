import type { Entry } from '../contract'
import { type EntryView, encodeEntry } from './entry'
import { expiryKey, indexMs, isPlain, ownerKey, type Token } from './keys'

/**
 * What one verb changes, in the records and in both indexes, decided before anything is written. It is applied in
 * one transaction, on the condition that the record is still the one it was decided from.
 *
 * Invariant: a record with a finite deadline stands exactly once in the expiry index, at its `indexedAt`, which is
 * never later than its deadline in whole milliseconds; a record with an owner stands exactly once in the owner index.
 */
export interface WriteSet {
  readonly token: Token
  /** The record's new bytes; `undefined`: it is removed. */
  readonly value: Uint8Array | undefined
  readonly unindex?: Uint8Array | undefined
  readonly index?: Uint8Array | undefined
  readonly disown?: Uint8Array | undefined
  readonly own?: Uint8Array | undefined
}

/**
 * A deadline that moves forwards leaves the index alone: a touch then costs one write, not three. The pruner, which
 * meets the record once in that time, moves it on. Backwards, the index must follow at once.
 */
function indexFor(prior: number, expires: number): number {
  if (expires === Infinity) return prior
  return Math.min(prior, indexMs(expires))
}

function reindex(token: Token, prior: number, next: number): Pick<WriteSet, 'index' | 'unindex'> {
  if (prior === next) return {}
  return {
    unindex: prior === Infinity ? undefined : expiryKey(prior, token),
    index: next === Infinity ? undefined : expiryKey(next, token),
  }
}

function reown(
  token: Token,
  prior: string | undefined,
  next: string | undefined,
): Pick<WriteSet, 'own' | 'disown'> {
  if (prior === next) return {}
  return {
    disown: prior === undefined ? undefined : ownerKey(prior, token),
    own: next === undefined ? undefined : ownerKey(next, token),
  }
}

/** Writes `entry` over `prior`, or where nothing was. */
export function putting(token: Token, key: string, prior: EntryView | undefined, entry: Entry): WriteSet {
  const { body, expires, owner } = entry
  const was = prior?.indexedAt ?? Infinity
  const indexedAt = indexFor(was, expires)
  const value = encodeEntry({ body, expires, owner, indexedAt, key: isPlain(token) ? undefined : key })
  return { token, value, ...reindex(token, was, indexedAt), ...reown(token, prior?.owner, owner) }
}

/** Moves the deadline only. */
export function moving(token: Token, prior: EntryView, expires: number): WriteSet {
  const indexedAt = indexFor(prior.indexedAt, expires)
  return {
    token,
    value: prior.moved(expires, indexedAt),
    ...reindex(token, prior.indexedAt, indexedAt),
  }
}

/** Brings the index up to the deadline of a record that the pruner found alive. */
export function indexingAnew(token: Token, prior: EntryView): WriteSet {
  const { expires } = prior
  const indexedAt = expires === Infinity ? Infinity : indexMs(expires)
  return { token, value: prior.moved(expires, indexedAt), ...reindex(token, prior.indexedAt, indexedAt) }
}

export function removing(token: Token, prior: EntryView): WriteSet {
  return {
    token,
    value: undefined,
    ...reindex(token, prior.indexedAt, Infinity),
    ...reown(token, prior.owner, undefined),
  }
}
