import { createHash } from 'node:crypto'
import type { StoreKey } from '../backend/contract'
import { fingerprint, HASHED } from '../base/ids'

/**
 * Session ids to store keys and back: a prefix, and with `hashIds` SHA-256, so that the ids of a stolen table
 * cannot be used. Plain SHA-256 is enough for ids of 128 random bits and more (OWASP, ASVS 7.2.3).
 */
export class KeyRing {
  readonly prefix: string
  readonly hashes: boolean

  constructor(prefix: string, hashes: boolean) {
    this.prefix = prefix
    this.hashes = hashes
  }

  /** The store key of an id that came in a cookie: never taken for a handle. */
  of(id: string): StoreKey {
    return this.prefix + (this.hashes ? HASHED + createHash('sha256').update(id).digest('base64url') : id)
  }

  /** The store key under which an id stood before ids were hashed. */
  plain(id: string): StoreKey {
    return this.prefix + id
  }

  /** The store key of what the application has: an id, or what a listing showed. */
  ofShown(shown: string): StoreKey {
    return this.isHandle(shown) ? this.prefix + shown : this.of(shown)
  }

  /** Whether what the application has is not an id but what a listing showed in its place. */
  isHandle(shown: string): boolean {
    return this.hashes && shown.startsWith(HASHED)
  }

  /** What stands for a session in lists that users see; the same from the key as from the id. */
  fingerprint(key: StoreKey): string {
    return fingerprint(this.shown(key))
  }

  /** What stands for the session of an id in events: the same as in lists. */
  fingerprintOf(id: string): string {
    return this.hashes ? this.fingerprint(this.of(id)) : fingerprint(id)
  }

  /** What a listing shows: the id, or where it is hashed a handle that the store's methods take as well. */
  shown(key: StoreKey): string {
    return key.slice(this.prefix.length)
  }
}
