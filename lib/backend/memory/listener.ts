import type { StoreKey } from '../contract'

/** Told of what no caller's answer says. */
export interface MemoryListener {
  /** A record had to leave alive. */
  evicted?(key: StoreKey): void
  /** A record was dropped at its deadline. */
  expired?(key: StoreKey): void
  /** A record came where none was. */
  first?(): void
}
