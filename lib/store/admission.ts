import { randomBytes } from 'node:crypto'
import type { StoreKey } from '../backend/contract'
import type { Data } from '../record/text'

/**
 * The order of one owner's sessions, in which every process agrees: a record's cookie has under `admitted` when the
 * session became this owner's, as `1764082000123:Zk3v9Q`. The number is epoch ms, but always above every number that
 * was seen before (Lamport's clock), so that wrong clocks put no new login behind an old one; the letters are random
 * and make it unique. A leading `?` says that the number is still to be chosen.
 */
export interface Rank {
  readonly key: StoreKey
  /** 0: the record does not say. */
  readonly at: number
  readonly letters: string
  /** The session is written, and the place in the order is not: it may come before or behind any other. */
  readonly choosing: boolean
  /** Orders the records that do not say more. */
  readonly createdAt: number
}

const MARK = /^(\?)?(\d{1,16}):([\w-]{1,16})$/

/** @returns the rank that the cookie of a record tells */
export function rankOf(key: StoreKey, cookie: Data): Rank {
  const { admitted, created } = cookie
  const [, choosing, at = 0, letters = ''] = (typeof admitted === 'string' && MARK.exec(admitted)) || []
  return {
    key,
    at: Number(at),
    letters,
    choosing: choosing !== undefined,
    createdAt: typeof created === 'number' ? created : 0,
  }
}

/** @returns the mark of a session that comes behind all of these */
export function markBehind(ranks: readonly Rank[], now: number): string {
  const at = ranks.reduce((last, rank) => Math.max(last, rank.at + 1), Math.floor(now))
  return `${at}:${randomBytes(6).toString('base64url')}`
}

/** @returns the mark of a session that is about to choose its place */
export function choosingMark(now: number): string {
  return `?${markBehind([], now)}`
}

/** @returns the mark of two that was made later: what a record keeps when two requests have written it */
export function laterMark(mine: string, theirs: unknown): string {
  if (typeof theirs !== 'string' || !MARK.test(theirs)) return mine
  return mine === '' || atOf(theirs) > atOf(mine) ? theirs : mine
}

function atOf(mark: string): number {
  return rankOf('', { admitted: mark }).at
}

/** Whose login is the oldest comes first. */
export function compareRanks(a: Rank, b: Rank): number {
  return (
    a.at - b.at || compareText(a.letters, b.letters) || a.createdAt - b.createdAt || compareText(a.key, b.key)
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The sessions that have to end so that `max` are left. Whoever ends them, none of the last `max` of all sessions ever
 * is among them: fewer than `max` come behind those.
 */
export function overflowing(ranks: readonly Rank[], max: number): Rank[] {
  const sorted = [...ranks].sort(compareRanks)
  const last = new Set<string>()
  const over: Rank[] = []
  for (const rank of sorted.reverse()) {
    if (last.has(nameOf(rank))) continue
    if (last.size < max) last.add(nameOf(rank))
    else over.push(rank)
  }
  return over.reverse()
}

/**
 * Whether one more session may stay where none may be ended for it: `undefined` as long as sessions that are choosing
 * their places may come before it.
 *
 * @param others the owner's sessions but this one
 */
export function fits(own: Rank, others: readonly Rank[], max: number): boolean | undefined {
  const before = others.filter((other) => !other.choosing && compareRanks(other, own) < 0)
  if (distinct(before) >= max) return false
  const choosing = others.filter((other) => other.choosing)
  return distinct(before) + distinct(choosing) < max ? true : undefined
}

/** How many sessions these are: one that is getting a new id stands under both for a moment, with one mark. */
function distinct(ranks: readonly Rank[]): number {
  return new Set(ranks.map(nameOf)).size
}

function nameOf({ key, at, letters }: Rank): string {
  return at > 0 ? `${at}:${letters}` : key
}
