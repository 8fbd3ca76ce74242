import { MemoryBackend } from '../backend/memory/backend'
import type { MemoryListener } from '../backend/memory/listener'
import { sessionsView, withMovedEnd } from '../backend/memory/view'
import { settle } from '../base/async'
import { systemClock } from '../base/clock'
import { badOption } from '../base/errors'
import { Repeat } from '../base/repeat'
import { warnOnce } from '../base/warnings'
import { cookieEnd } from '../record/expiry'
import { parseRecord } from '../record/text'
import { BackedStore, type BackedStoreOptions, splitBackedOptions } from './backed-store'
import { warnNames } from './options'

export interface MemoryStoreOptions extends BackedStoreOptions {
  /** Most sessions kept; beyond it the one idle for longest leaves. Default 1,000,000. */
  max?: number | undefined
  /** Milliseconds that a session is kept whose cookie ends with the browser. Default: for ever (within `max`). */
  ttl?: number | undefined
}

const MAX = 1_000_000

/** All records are looked at for expiry once in this time, a few at a turn. */
const SWEEP_MS = 60_000
const TURN_EVERY_MS = 500
/** Longest stretch of one turn; far below the 5 ms at which other requests would feel it. */
const TURN_MS = 1

/**
 * Sessions in the memory of this process, for development and for one process in production: bounded, and
 * without leaks. They are gone when the process ends.
 */
export class MemoryStore extends BackedStore {
  declare readonly backend: MemoryBackend
  #sweeping: Repeat | undefined
  #view: Record<string, string> | undefined

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  constructor(options: MemoryStoreOptions = {}) {
    warnNames(options ?? {}, ['max'])
    const [backed, { max = MAX }] = splitBackedOptions(options ?? {})
    if (typeof max !== 'number' || !(max >= 1)) badOption('max', 'a number of sessions, at least 1', max)
    const told: MemoryListener = {
      evicted: (key) => this.#evicted(key),
      expired: (key) => this.#expired(key),
      first: () => {
        this.#sweeping ??= MemoryStore.#repeatSweep(new WeakRef(this))
      },
    }
    super(new MemoryBackend(max, told), backed)
  }

  /** The records as express-session's MemoryStore shows them: id to JSON. */
  get sessions(): Record<string, string> {
    this.#view ??= sessionsView({
      keys: () => [...this.backend.keys()],
      body: (id) => {
        const entry = this.backend.peek(id)
        return entry && withMovedEnd(entry)
      },
      put: (id, body) => {
        const stood = this.backend.peek(id)
        const end = cookieEnd(parseRecord(body)?.cookie['expires'] as string | null)
        const entry = { body, expires: end ?? systemClock() + this.ttlMs }
        if (stood) this.backend.replace(id, stood.body, entry)
        else this.backend.create(id, entry)
        if (!stood) this.lifecycle.tell('created', () => ({ session: this.keys.fingerprint(id) }))
      },
      drop: (id) => this.end(id, 'destroyed') as boolean,
    })
    return this.#view
  }

  set sessions(records: Record<string, string>) {
    const given = Object.entries(records)
    this.#clear()
    for (const [id, body] of given) this.sessions[id] = body
  }

  /** Ends all sessions, before it returns. */
  override clear(callback?: (error?: unknown) => void): Promise<void> {
    return settle(() => this.#clear(), callback)
  }

  override close(callback?: (error?: unknown) => void): Promise<void> {
    this.#sweeping?.stop()
    return super.close(callback)
  }

  #clear(): void {
    const ended = this.lifecycle.hears('destroyed') ? [...this.backend.keys()] : []
    this.backend.clear()
    for (const key of ended) {
      this.lifecycle.tell('destroyed', () => ({ session: this.keys.fingerprint(key), because: 'cleared' }))
    }
  }

  #expired(key: string): void {
    this.lifecycle.tell('expired', () => ({ session: this.keys.fingerprint(key), because: 'deadline' }))
  }

  #evicted(key: string): void {
    warnOnce(
      'SOJOURN_MEMORY_FULL',
      'MemoryStore is full and drops the sessions idle for longest; raise its `max`, or use a store on disk',
    )
    const session = this.keys.fingerprint(key)
    this.emit('evicted', session)
    this.lifecycle.tell('destroyed', () => ({ session, because: 'evicted' }))
  }

  /** @returns the milliseconds to the next turn */
  #sweep(): number {
    if (this.backend.size === 0) {
      this.#sweeping?.stop()
      this.#sweeping = undefined
    }
    const until = performance.now() + TURN_MS
    const done = this.backend.sweep(systemClock(), TURN_EVERY_MS / SWEEP_MS, () => performance.now() >= until)
    return done ? TURN_EVERY_MS : TURN_MS * 10
  }

  /** A method without `this`: the timer must not keep a store alive that nobody uses any more. */
  static #repeatSweep(weak: WeakRef<MemoryStore>): Repeat {
    const repeat: Repeat = new Repeat({
      intervalMs: TURN_EVERY_MS,
      work: () => {
        const store = weak.deref()
        if (store) return store.#sweep()
        repeat.stop()
        return undefined
      },
    })
    return repeat
  }
}
