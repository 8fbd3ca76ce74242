import type { Backend, Entry, Replaced, StoreKey } from '../backend/contract'
import type { Ending } from '../backend/news'
import { asked } from '../base/async'
import { systemClock } from '../base/clock'
import { cookieEnd } from '../record/expiry'
import { type Data, isRecord, parseRecord } from '../record/text'
import type { SessionData } from '../session/session'
import type { Store } from '../session/store'
import { ENDED, mayHaveStage, type Stage, stageOf, withStage } from './migration-stage'
import type { BackedStoreOptions } from './options'

/** A session that stands somewhere else. */
interface Found {
  /** As it stands there. */
  readonly entry: Entry
  /** The record; `undefined`: it cannot be opened. */
  readonly record: string | undefined
}

/** Where a session may stand that the store does not have under its key. */
interface Source {
  find(id: string): Promise<Found | undefined>
  remove(id: string): Promise<void>
}

/** Rows of the time before ids were hashed, in the same backend. */
function plainRows(target: MigrationTarget, plainKey: (id: string) => StoreKey): Source {
  return {
    async find(id) {
      const key = plainKey(id)
      const entry = await target.backend.read(key)
      return entry && { entry, record: target.opened(key, entry.body) }
    },
    remove: async (id) => {
      await target.backend.remove(plainKey(id))
    },
  }
}

/** Another store, which the application is moving away from. */
function oldStore(store: Store, ttlMs: number): Source {
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
  const now = systemClock()
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
export interface MigrationTarget {
  readonly backend: Backend
  readonly ttlMs: number
  keyOf(id: string): StoreKey
  sealed(key: StoreKey, body: string): string
  opened(key: StoreKey, text: string): string | undefined
  entryFor(session: object, text: string, expires: number): Entry
}

/**
 * Takes sessions over from where they stood before, each when it is first asked for, so that nobody is logged out
 * by a change of store. What was taken is removed there, and only then loses the mark of `migration-stage.ts`, so that
 * whatever breaks off in between is finished by who comes next and a session that was ended is never taken again.
 */
export class Migration {
  readonly #sources: readonly Source[]
  readonly #target: MigrationTarget
  /** Requests of one session that come together share one taking over. */
  readonly #underWay = new Map<string, Promise<Entry | undefined>>()

  constructor(sources: readonly Source[], target: MigrationTarget) {
    this.#sources = sources
    this.#target = target
  }

  /** `undefined`: these options name no other place. */
  static of(
    target: MigrationTarget,
    { hashIds, migrateFrom }: BackedStoreOptions,
    plainKey: (id: string) => StoreKey,
  ): Migration | undefined {
    const sources: Source[] = []
    if (hashIds) sources.push(plainRows(target, plainKey))
    if (migrateFrom) sources.push(oldStore(migrateFrom, target.ttlMs))
    return sources.length > 0 ? new Migration(sources, target) : undefined
  }

  /** Whether what the store has of a session may not be used yet, so that it has to be taken, or taken to its end. */
  concerns(key: StoreKey, entry: Entry | undefined): boolean {
    return entry === undefined || stageOf(this.#record(key, entry)) !== undefined
  }

  /**
   * @param here what stands under the session's key
   * @returns the entry under its key, or `undefined` when no source has the session
   */
  take(id: string, here: Entry | undefined): Promise<Entry | undefined> {
    let migrating = this.#underWay.get(id)
    if (!migrating) {
      const key = this.#target.keyOf(id)
      const taken = here ? this.#finish(id, key, here) : this.#take(id, key)
      migrating = taken.finally(() => this.#underWay.delete(id))
      this.#underWay.set(id, migrating)
    }
    return migrating
  }

  /** Ends a session. There first: who takes it over meanwhile looks there again afterwards, or has made it here by now. */
  async destroy(id: string, ending?: Ending): Promise<boolean> {
    const key = this.#target.keyOf(id)
    try {
      await this.#remove(id)
    } catch (error) {
      await this.#target.backend.remove(key, ending)
      throw error
    }
    return this.#target.backend.remove(key, ending)
  }

  /** Ends a session whose id need not be known. @returns whether it was alive */
  async end(key: StoreKey, ending?: Ending): Promise<boolean> {
    const { backend } = this.#target
    let theirs: Replaced = await backend.read(key)
    while (theirs) {
      const stage = stageOf(this.#record(key, theirs))
      if (!stage) return backend.remove(key, ending)
      if (stage === 'ended') return false
      const entry = { body: this.#target.sealed(key, ENDED), expires: theirs.expires }
      theirs = await backend.replace(key, theirs.body, entry, ending)
      if (theirs === true) return true
    }
    return false
  }

  async #remove(id: string): Promise<void> {
    for (const source of this.#sources) await source.remove(id)
  }

  async #take(id: string, key: StoreKey): Promise<Entry | undefined> {
    const { backend } = this.#target
    for (const source of this.#sources) {
      const found = await source.find(id)
      if (!found) continue
      const record = found.record === undefined ? undefined : parseRecord(found.record)
      // Stays where it is; whoever asks finds out that he cannot read it.
      if (!record) return found.entry
      const copy = this.#entry(key, record, 'copied', found.entry.expires)
      if (!(await backend.create(key, copy))) break
      if (await source.find(id)) {
        await this.#remove(id)
        return this.#finish(id, key, await this.#mark(key, copy, undefined))
      }
      // It was ended since we found it; or taken to its end by another request, and then this copy is no more.
      const theirs = await backend.replace(key, copy.body, { ...copy, expires: 0 })
      return theirs === true ? undefined : this.#finish(id, key, theirs)
    }
    // Another process may have taken it since the caller looked.
    return this.#finish(id, key, await backend.read(key))
  }

  /** Does what is left to do of a taking over that another request began. Each step goes forwards, so it ends. */
  async #finish(id: string, key: StoreKey, here: Entry | undefined): Promise<Entry | undefined> {
    let entry = here
    while (entry) {
      const stage = stageOf(this.#record(key, entry))
      if (!stage) return entry
      if (stage === 'copied') {
        entry = await this.#mark(key, entry, 'kept')
        continue
      }
      await this.#remove(id)
      if (stage === 'ended') {
        await this.#target.backend.replace(key, entry.body, { ...entry, expires: 0 })
        return undefined
      }
      entry = await this.#mark(key, entry, undefined)
    }
    return undefined
  }

  /** @returns what stands there then, whoever wrote it */
  async #mark(key: StoreKey, entry: Entry, stage: Stage | undefined): Promise<Entry | undefined> {
    const record = this.#record(key, entry)
    if (!record) return entry
    const marked = this.#entry(key, record, stage, entry.expires)
    const replaced = await this.#target.backend.replace(key, entry.body, marked)
    return replaced === true ? marked : replaced
  }

  #entry(key: StoreKey, record: Data & { cookie: Data }, stage: Stage | undefined, expires: number): Entry {
    const text = withStage(record, stage)
    return this.#target.entryFor(record, this.#target.sealed(key, text), expires)
  }

  #record(key: StoreKey, entry: Entry): (Data & { cookie: Data }) | undefined {
    const text = this.#target.opened(key, entry.body)
    return text !== undefined && mayHaveStage(text) ? parseRecord(text) : undefined
  }
}
