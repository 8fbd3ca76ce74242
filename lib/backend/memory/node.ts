import type { StoreKey } from '../contract'
import type { ReadEntry } from '../readings'

/** A record in memory, linked in the order of last use. */
export interface MemoryNode {
  key: StoreKey
  body: string
  expires: number
  owner: string | undefined
  reading: unknown
  older: MemoryNode
  newer: MemoryNode
}

export function entryOf({ body, expires, owner, reading }: MemoryNode): ReadEntry {
  return { body, expires, owner, reading }
}
