import type { Entry, StoreKey } from '../../backend/contract'
import { systemClock } from '../../base/clock'
import { type CookieExpires, cookieEnd, isTimeless, timedOut } from '../../record/expiry'
import { type Data, dataTextBehind, dataTextOf, parseRecord } from '../../record/text'
import { copyOf, DOUBT } from '../../record/tree'
import type { OwnStore } from '../../store/protocol'
import { type KeeperContext, KnownSession, type Loaded } from '../contract'
import type { ParsedRecord, ParsedRecords } from './parsed-records'
import type { KeeperParts } from './parts'

/** Makes of a store's entry what a request needs of its session, as cheaply as the record allows. */
export class RecordReader {
  readonly #store: OwnStore
  readonly #context: KeeperContext
  readonly #parsed: ParsedRecords | undefined
  /** Sessions end with their cookies and by nothing else. */
  readonly #timeless: boolean

  constructor({ store, context, parsed }: KeeperParts) {
    this.#store = store
    this.#context = context
    this.#parsed = parsed
    this.#timeless = isTimeless(context.policy)
  }

  /** `undefined`: it cannot be opened, or is no session's record. `ended`: by a time-out of ours. Both are told. */
  read(id: string, key: StoreKey, entry: Entry): Loaded | 'ended' | undefined {
    const loaded = this.#read(id, key, entry)
    if (!loaded) {
      this.#context.tell('unreadable', () => ({ session: this.#store.keys.fingerprintOf(id) }))
      return undefined
    }
    const because = this.#timedOut(loaded)
    if (!because) return loaded
    this.#context.tell('expired', () => ({ session: this.#store.keys.fingerprintOf(id), because }))
    return 'ended'
  }

  #read(id: string, key: StoreKey, entry: Entry): Loaded | undefined {
    const known = this.#parsed?.get(key, entry.body)
    if (known) return this.#loaded(id, entry, known)
    const body = this.#store.opened(key, entry.body)
    if (body === undefined) return undefined
    const read = this.#context.canonical?.read(body)
    if (!read) return this.#parsedWhole(id, entry, body)
    const { created, expires, end } = read
    const data = dataTextBehind(body, end)
    const tree = data === '{}' ? NOTHING : parseObject(data)
    if (!tree) return undefined
    const record = { body, created, expires, data, tree }
    this.#parsed?.set(key, record)
    return this.#loaded(id, entry, record)
  }

  /** @returns which time-out of ours has ended the session, if one has */
  #timedOut({ cookie: { created } }: Loaded): 'idle' | 'absolute' | undefined {
    if (this.#timeless) return undefined
    return timedOut(systemClock(), typeof created === 'number' ? created : 0, 0, this.#context.policy)
  }

  #loaded(
    id: string,
    entry: Entry,
    { created, expires, data: text, tree }: ParsedRecord,
  ): Loaded | undefined {
    const copy = copyOf(tree)
    const data = copy === DOUBT ? parseObject(text) : (copy as Data)
    if (!data) return undefined
    const cookie = { created, expires: this.#endShown(expires, entry.expires) }
    const known = holding(id, text, entry)
    known.shown = tree
    return { cookie, data, known }
  }

  #parsedWhole(id: string, entry: Entry, body: string): Loaded | undefined {
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
