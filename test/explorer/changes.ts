/** What a visit has put into a session, by line of ids and key; `undefined`: it removed the key. */
export interface Change {
  readonly line: string
  readonly key: string
  readonly value: unknown
}

/** Stands for the cookie's life among the keys of a session. */
export const LIFE = '@life'

/** The last change of each key is the one that counts. */
export function last(changes: readonly Change[]): Change[] {
  return [...new Map(changes.map((change) => [`${change.line} ${change.key}`, change])).values()]
}

/** What a record has under a key of data, or as the life of its cookie. */
export function under(record: Record<string, any>, key: string): unknown {
  return key === LIFE ? record['cookie'].originalMaxAge : record[key]
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
