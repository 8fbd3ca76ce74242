import { asError, SessionError } from '../../base/errors'
import { Repeat } from '../../base/repeat'
import { warnOnce } from '../../base/warnings'
import type { Data } from '../../record/text'
import { DEFAULT_DURATION_MS, milliseconds } from '../server/options'

export interface SessionStoreOptions {
  /** Milliseconds that a session is kept after its last use. Default 21,600,000: 6 hours. */
  duration?: number | undefined
  /** Milliseconds from one removal of expired sessions to the next, ±25 %. `0`: only by `prune()`. Default 60,000. */
  pruneFrequency?: number | undefined
}

/** What a session becomes, seeing what is kept of it by now. `undefined`: it stays as it is. */
export type Merge = (current: Data | undefined) => Data | undefined

/**
 * Where a `Session` is kept. To be extended: `save`, `restore` and `prune` are the extension's. They may answer at
 * once or with a promise; `restore` gives an empty object for a session that is not there.
 */
export class SessionStore {
  readonly duration: number
  readonly pruneFrequency: number
  #pruning: Repeat | undefined

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  constructor(options: SessionStoreOptions = {}) {
    const { duration = DEFAULT_DURATION_MS, pruneFrequency = 60_000 } = options
    this.duration = milliseconds('duration', duration, 1, Number.MAX_SAFE_INTEGER)
    this.pruneFrequency = milliseconds('pruneFrequency', pruneFrequency, 0)
    if (this.pruneFrequency > 0 && this.prune !== SessionStore.prototype.prune)
      this.#pruning = this.#startPruning()
  }

  /** @throws SessionError ERR_SESSION_USAGE: an extension has to have it */
  save(_sid: string, _data: object): unknown {
    return notExtended('save')
  }

  /** @throws SessionError ERR_SESSION_USAGE: an extension has to have it */
  restore(_sid: string): unknown {
    return notExtended('restore')
  }

  /**
   * Drops what is expired. @returns how many that were
   * @throws SessionError ERR_SESSION_USAGE: an extension has to have it
   */
  prune(): unknown {
    return notExtended('prune')
  }

  /** Stops pruning; an extension closes what it opened, too. Idempotent. */
  close(): void | Promise<void> {
    this.#pruning?.stop()
  }

  #startPruning(): Repeat {
    return new Repeat({
      intervalMs: this.pruneFrequency,
      work: async () => void (await this.prune()),
      onError: (error) =>
        warnOnce('SOJOURN_PRUNE', `expired sessions cannot be removed: ${asError(error).message}`),
    })
  }
}

function notExtended(method: string): never {
  throw new SessionError('ERR_SESSION_USAGE', `SessionStore.${method} has to be extended`)
}

/** A store that can change a session in one step, seeing what other processes have made of it. */
export interface AtomicStore extends SessionStore {
  /** @internal */
  update(sid: string, merge: Merge): Promise<void>
}

export function isAtomic(store: SessionStore): store is AtomicStore {
  return typeof (store as Partial<AtomicStore>).update === 'function'
}

/** What is kept, as data without a prototype; `undefined` when it is no object, or an empty one. */
export function keptData(kept: unknown): Data | undefined {
  if (typeof kept !== 'object' || kept === null || Object.keys(kept).length === 0) return undefined
  return Object.assign(Object.create(null), kept)
}

/** As `keptData`, for JSON. A record that is no JSON counts as absent. */
export function parseKept(body: string | null | undefined): Data | undefined {
  if (body === null || body === undefined) return undefined
  try {
    return keptData(JSON.parse(body))
  } catch {
    return undefined
  }
}
