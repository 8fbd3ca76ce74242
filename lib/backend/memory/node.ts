import type { Entry, StoreKey } from '../contract'

/** A record in memory, linked in the order of last use. */
export interface MemoryNode {
  key: StoreKey
  body: string
  expires: number
  owner: string | undefined
  older: MemoryNode
  newer: MemoryNode
}

export function entryOf({ body, expires, owner }: MemoryNode): Entry {
  return { body, expires, owner }
}
