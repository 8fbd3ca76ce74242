import { cookieEnd } from '../core/expiry'
import { type Data, isRecord, parseRecord } from '../core/record'
import type { SessionData } from '../session/session'
import { asked } from '../session/settle'
import type { Store } from '../session/store'
import type { Backend, Entry, StoreKey } from './backend'

/** A session that stands somewhere else. */
interface Found {
  /** As it stands there. */
  readonly entry: Entry
  /** The record; `undefined`: it cannot be opened. */
  readonly record: string | undefined
}

/** Where a session may stand that the store does not have under its key. */
export interface Source {
  find(id: string): Promise<Found | undefined>
  remove(id: string): Promise<void>
}

/** Rows of the time before ids were hashed, in the same backend. */
export function plainRows(taker: Taker, plainKey: (id: string) => StoreKey): Source {
  return {
    async find(id) {
      const key = plainKey(id)
      const entry = await taker.backend.read(key)
      return entry && { entry, record: taker.opened(key, entry.body) }
    },
    remove: async (id) => {
      await taker.backend.remove(plainKey(id))
    },
  }
}

/** Another store, which the application is moving away from. */
export function oldStore(store: Store, ttlMs: number): Source {
  return {
    async find(id) {
      const found = await asked<SessionData | null | undefined>((done) => store.get(id, done)).catch(absence)
      if (!isRecord(found)) return undefined
      const record = JSON.stringify(found)
      return { entry: { body: record, expires: endOf(found.cookie, ttlMs) }, record }
    },
    remove: (id) => asked((done) => store.destroy(id, done)),
  }
}

/**
 * What a store hands out is alive, as it is to express-session. connect-redis and connect-pg-simple move the end
 * in their key or column and leave the record, so that the end in it may be past: then a whole life is left at most.
 */
function endOf(cookie: Data, ttlMs: number): number {
  const now = Date.now()
  const end = cookieEnd(cookie['expires'] as string | null)
  if (end === undefined) return now + ttlMs
  const { originalMaxAge } = cookie
  return end > now ? end : now + (Number(originalMaxAge) > 0 ? Number(originalMaxAge) : ttlMs)
}

/** Stores on files report a session that they do not have as an error of this code, which express-session accepts. */
function absence(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException | null)?.code !== 'ENOENT') throw error
}

/** What a taking over needs of the store that takes. */
export interface Taker {
  readonly backend: Backend
  keyOf(id: string): StoreKey
  sealed(key: StoreKey, body: string): string
  opened(key: StoreKey, text: string): string | undefined
  entryFor(session: object, text: string, expires: number): Entry
}

/**
 * Takes sessions over from where they stood before, each when it is first asked for, so that nobody is logged out
 * by a change of store. What was taken is removed there: a session that is ended later must not be found again.
 */
export class Elsewhere {
  readonly #sources: readonly Source[]
  readonly #taker: Taker
  /** Requests of one session that come together share one taking over. */
  readonly #underWay = new Map<string, Promise<Entry | undefined>>()

  constructor(sources: readonly Source[], taker: Taker) {
    this.#sources = sources
    this.#taker = taker
  }

  /** @returns the entry under its new key, or `undefined` when no source has the session */
  take(id: string): Promise<Entry | undefined> {
    let taking = this.#underWay.get(id)
    if (!taking) {
      taking = this.#take(id).finally(() => this.#underWay.delete(id))
      this.#underWay.set(id, taking)
    }
    return taking
  }

  async remove(id: string): Promise<void> {
    for (const source of this.#sources) await source.remove(id)
  }

  async #take(id: string): Promise<Entry | undefined> {
    const { backend } = this.#taker
    const key = this.#taker.keyOf(id)
    for (const source of this.#sources) {
      const found = await source.find(id)
      if (!found) continue
      const record = found.record === undefined ? undefined : parseRecord(found.record)
      // Stays where it is; whoever asks finds out that he cannot read it.
      if (!record || found.record === undefined) return found.entry
      const text = this.#taker.sealed(key, found.record)
      const entry = this.#taker.entryFor(record, text, found.entry.expires)
      if (!(await backend.create(key, entry))) return backend.read(key)
      // Another process may have taken it, and ended it, since we found it: then it stands there no more.
      if (await source.find(id)) {
        await source.remove(id)
        return entry
      }
      await backend.replace(key, entry.body, { ...entry, expires: 0 })
      return undefined
    }
    // Another process may have taken it since the caller looked.
    return backend.read(key)
  }
}
