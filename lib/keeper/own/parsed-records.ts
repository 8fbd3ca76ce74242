import type { StoreKey } from '../../backend/contract'
import type { CanonicalReader } from '../../record/canonical'
import type { CookieExpires } from '../../record/expiry'
import type { Data } from '../../record/text'
import { Cookie } from '../../session/cookie'

/** A record as it was read or written last. */
export interface ParsedRecord {
  /** The whole record's text. All else belongs to this very text: another text is another record. */
  readonly body: string
  /** Epoch ms. */
  readonly created: number
  readonly expires: CookieExpires
  readonly data: string
  /** The data, which no handler ever gets: it is given copies. */
  readonly tree: Data
}

/** @returns a record as it is about to be written; `undefined`: its cookie overrides something, and has to be read */
export function parsedRecord(
  cookie: Cookie,
  canonical: CanonicalReader | undefined,
  body: string,
  data: string,
  tree: Data,
): ParsedRecord | undefined {
  if (!Cookie.isCanonical(cookie, canonical?.base)) return undefined
  return { body, created: Cookie.createdAt(cookie), expires: cookie.expires?.valueOf() ?? null, data, tree }
}

/** Of each of two generations. */
const RECORDS_MAX = 2048
/** Length of all texts of a generation; a tree takes some times its text. */
const LENGTH_MAX = 2 * 1024 * 1024

/**
 * The records used last, parsed: the next request of the session takes a copy in place of parsing the text. Whoever
 * writes the record elsewhere writes another text, by which a stale one is known.
 *
 * Bounded by two generations: what was not used while the younger one filled up is forgotten with the older one.
 */
export class ParsedRecords {
  #younger = new Map<StoreKey, ParsedRecord>()
  #older = new Map<StoreKey, ParsedRecord>()
  /** Of the texts in the younger generation. */
  #length = 0

  get(key: StoreKey, body: string): ParsedRecord | undefined {
    const young = this.#younger.get(key)
    if (young) return young.body === body ? young : undefined
    const old = this.#older.get(key)
    if (old?.body !== body) return undefined
    this.set(key, old)
    return old
  }

  set(key: StoreKey, record: ParsedRecord): void {
    const { length } = record.body
    if (length > LENGTH_MAX) {
      this.delete(key)
      return
    }
    const before = this.#younger.get(key)
    if (before) this.#length -= before.body.length
    else if (this.#younger.size >= RECORDS_MAX) this.#age()
    if (this.#length + length > LENGTH_MAX) this.#age()
    this.#younger.set(key, record)
    this.#length += length
  }

  delete(key: StoreKey): void {
    const young = this.#younger.get(key)
    if (young) this.#length -= young.body.length
    this.#younger.delete(key)
    this.#older.delete(key)
  }

  #age(): void {
    this.#older = this.#younger
    this.#younger = new Map()
    this.#length = 0
  }
}
