import type { Entry, StoreKey } from '../../backend/contract'
import type { ReadEntry } from '../../backend/readings'
import { systemClock } from '../../base/clock'
import type { Reading } from '../../record/canonical'
import { type CookieExpires, cookieEnd, isTimeless, timedOut } from '../../record/expiry'
import { type Data, dataTextBehind, dataTextOf, parseRecord } from '../../record/text'
import { copyOf, DOUBT } from '../../record/tree'
import type { OwnStore } from '../../store/protocol'
import { type KeeperContext, KnownSession, type Loaded } from '../contract'

/** Makes of a store's entry what a request needs of its session, as cheaply as the record allows. */
export class RecordReader {
  readonly #store: OwnStore
  readonly #context: KeeperContext
  /** Sessions end with their cookies and by nothing else. */
  readonly #timeless: boolean

  constructor(store: OwnStore, context: KeeperContext) {
    this.#store = store
    this.#context = context
    this.#timeless = isTimeless(context.policy)
  }

  /** `undefined`: it cannot be opened, or is no session's record. */
  read(id: string, key: StoreKey, entry: Entry): Loaded | undefined {
    const { canonical } = this.#context
    const reading = (entry as ReadEntry).reading as Reading | undefined
    if (reading && reading.reader === canonical) {
      return this.#loaded(id, entry, reading.created, reading.expires, reading.data)
    }
    const body = this.#store.opened(key, entry.body)
    if (body === undefined) return undefined
    const read = canonical?.read(body)
    return read
      ? this.#loaded(id, entry, read.created, read.expires, dataTextBehind(body, read.end))
      : this.#parsed(id, entry, body)
  }

  /** @returns which time-out of ours has ended the session, if one has */
  timedOut({ cookie: { created } }: Loaded): 'idle' | 'absolute' | undefined {
    if (this.#timeless) return undefined
    return timedOut(systemClock(), typeof created === 'number' ? created : 0, 0, this.#context.policy)
  }

  #loaded(
    id: string,
    entry: Entry,
    created: number,
    expires: CookieExpires,
    text: string,
  ): Loaded | undefined {
    const shown = text === '{}' ? NOTHING : parseObject(text)
    if (!shown) return undefined
    const copy = copyOf(shown)
    const data = copy === DOUBT ? parseObject(text) : (copy as Data)
    if (!data) return undefined
    const cookie = { created, expires: this.#endShown(expires, entry.expires) }
    const known = holding(id, text, entry)
    known.shown = shown
    return { cookie, data, known }
  }

  #parsed(id: string, entry: Entry, body: string): Loaded | undefined {
    const record = parseRecord(body)
    if (!record) return undefined
    const { cookie } = record
    cookie['expires'] = this.#endShown(cookie['expires'] as CookieExpires, entry.expires)
    return { cookie, data: record, known: holding(id, dataTextOf(body, record), entry) }
  }

  /** Touches move the deadline and not the text: the end that a handler sees is where they have moved it. */
  #endShown(expires: CookieExpires, deadline: number): CookieExpires {
    if (!expires || deadline === Infinity) return expires
    // Without time-outs of ours the deadline is the cookie's end, and no text has to be read.
    if (this.#timeless) return deadline
    const end = cookieEnd(expires)
    return end !== undefined && deadline > end ? deadline : expires
  }
}

function holding(id: string, data: string, entry: Entry): KnownSession {
  const known = new KnownSession(id, data)
  known.seen = entry.body
  known.seenData = data
  known.deadline = entry.expires
  return known
}

/** Kept apart from the session, so that what a handler does inside of it shows. */
const NOTHING: Data = Object.freeze({})

function parseObject(text: string): Data | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
