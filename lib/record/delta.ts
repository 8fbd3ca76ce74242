import { type Data, parseData } from './text'

/**
 * What one request did to a session, per top-level key: set to a value, or removed. Never deeper: two requests
 * that change one key in different depths have a conflict that only the application can settle (`update`).
 */
export interface Delta {
  readonly set: Data
  readonly removed: readonly string[]
}

/** @returns what leads from the data text `base` to the data text `mine`; values are compared by their JSON */
export function deltaBetween(base: string, mine: string): Delta {
  const before = parseData(base)
  const after = parseData(mine)
  const set: Data = Object.create(null)
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key) || JSON.stringify(before[key]) !== JSON.stringify(after[key])) {
      set[key] = after[key]
    }
  }
  return { set, removed: Object.keys(before).filter((key) => !Object.hasOwn(after, key)) }
}

/** @returns the data text of `theirs` with the delta on top: their order, new keys at the end */
export function applyDelta(delta: Delta, theirs: string): string {
  const data = parseData(theirs)
  for (const key of delta.removed) delete data[key]
  for (const key of Object.keys(delta.set)) data[key] = delta.set[key]
  return JSON.stringify(data)
}
