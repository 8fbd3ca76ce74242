import { type Data, parseData } from './text'

/**
 * What one request did to a session, per top-level key: set to a value, or removed. Never deeper: two requests
 * that change one key in different depths have a conflict that only the application can settle (`update`).
 */
export interface Delta {
  readonly set: Data
  readonly removed: readonly string[]
}

/** A delta, and what it started from. */
export interface BasedDelta extends Delta {
  readonly before: Data
}

/** @returns what leads from the data text `base` to the data text `mine`; values are compared by their JSON */
export function deltaBetween(base: string, mine: string): BasedDelta {
  const before = parseData(base)
  const after = base === mine ? before : parseData(mine)
  const set: Data = Object.create(null)
  for (const key of Object.keys(after)) if (differs(key, before, after)) set[key] = after[key]
  return { set, removed: Object.keys(before).filter((key) => !Object.hasOwn(after, key)), before }
}

/** @returns the data text of `theirs` with the delta on top: their order, new keys at the end */
export function applyDelta(delta: Delta, theirs: string): string {
  const data = parseData(theirs)
  changeBy(delta, data)
  return JSON.stringify(data)
}

/** Applies a delta to data without a prototype. */
export function changeBy({ set, removed }: Delta, data: Data): void {
  for (const key of removed) delete data[key]
  for (const key of Object.keys(set)) data[key] = set[key]
}

export function isChange({ set, removed }: Delta): boolean {
  return removed.length > 0 || Object.keys(set).length > 0
}

/** @returns the keys that another request has changed since `before` and that now get another value than it gave them */
export function overwrittenKeys(before: Data, theirs: Data, written: Data): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(theirs)])
  return [...keys].filter((key) => differs(key, before, theirs) && differs(key, theirs, written))
}

/** As `overwrittenKeys`, of a delta that is about to be applied to `theirs`. */
export function overwrittenBy({ before, set, removed }: BasedDelta, theirs: Data): string[] {
  return [...removed, ...Object.keys(set)].filter(
    (key) => differs(key, before, theirs) && differs(key, theirs, set),
  )
}

function differs(key: string, a: Data, b: Data): boolean {
  const there = Object.hasOwn(a, key)
  if (there !== Object.hasOwn(b, key)) return true
  return there && a[key] !== b[key] && JSON.stringify(a[key]) !== JSON.stringify(b[key])
}
