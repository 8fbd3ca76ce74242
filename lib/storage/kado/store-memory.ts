import type { Entry } from '../../backend/contract'
import { MemoryBackend } from '../../backend/memory/backend'
import { systemClock } from '../../base/clock'
import type { Data } from '../../record/text'
import { Keyspace } from '../server/keyspace'
import { type AtomicStore, type Merge, parseKept, SessionStore } from './store'

/** Sessions in the memory of one process. What is put in and what comes out are copies. */
export class SessionStoreMemory extends SessionStore implements AtomicStore {
  readonly #keyspace = new Keyspace(new MemoryBackend(), systemClock)

  /** Keeps `data` under `sid` for `duration` from now. */
  override async save(sid: string, data: object): Promise<void> {
    const to = this.#entry(data)
    await this.#keyspace.change(sid, () => ({ to, answer: undefined }))
  }

  /** @returns the data, an empty object when there are none. A session that is used is kept for `duration` from now. */
  override async restore(sid: string): Promise<Data> {
    const expires = systemClock() + this.duration
    const body = await this.#keyspace.change(sid, (current) => ({
      to: current === undefined ? 'keep' : { expires },
      answer: current?.body,
    }))
    return parseKept(body) ?? Object.create(null)
  }

  /** Drops what is expired and leaves the rest. @returns how many that were */
  override async prune(): Promise<number> {
    return this.#keyspace.prune()
  }

  /** @internal */
  async update(sid: string, merge: Merge): Promise<void> {
    await this.#keyspace.change(sid, (current) => {
      const merged = merge(parseKept(current?.body))
      return { to: merged === undefined ? 'keep' : this.#entry(merged), answer: undefined }
    })
  }

  #entry(data: object): Entry {
    return { body: JSON.stringify(data), expires: systemClock() + this.duration }
  }
}
