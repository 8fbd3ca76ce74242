import { badOption } from '../base/errors'
import type { Data } from '../record/text'
import type { SessionState } from './state'

/**
 * The session of an engine: data behind methods, nothing read before `start()`. Each name of two words can be
 * written with an underscore or in camelCase.
 */
export class EngineSession {
  declare readonly signedId: EngineSession['signed_id']
  declare readonly expiresAt: EngineSession['expires_at']
  declare generateId: EngineSession['generate_id']
  declare setId: EngineSession['set_id']
  declare setSignedId: EngineSession['set_signed_id']
  declare setDuration: EngineSession['set_duration']
  readonly #state: SessionState

  /** @internal */
  constructor(state: SessionState) {
    this.#state = state
  }

  /** The session id. Before `start()`: what was set, else what the cookie says, if its signature verifies. */
  get id(): string | undefined {
    return this.#state.id
  }

  /** The id with its signature, as the cookie carries it. */
  get signed_id(): string | undefined {
    return this.#state.signedId
  }

  /** Whether the session was started. */
  get ready(): boolean {
    return this.#state.ready
  }

  /** Whether the storage has a record of this id: UPDATE rather than INSERT. */
  get stored(): boolean {
    return this.#state.stored
  }

  /** Life in milliseconds. */
  get duration(): number {
    return this.#state.durationMs
  }

  /** End of the session in epoch milliseconds, if nothing renews it. */
  get expires_at(): number {
    return this.#state.expiresAt
  }

  /** Gives a new id, by the handler of `id` if there is one; the session keeps its own. */
  generate_id(): Promise<string> {
    return this.#state.generateId()
  }

  /** Takes this id, unverified: never one that a user sent. */
  set_id(id: string): this {
    this.#state.setId(id)
    return this
  }

  /**
   * Takes the id of a signed id.
   *
   * @param secret that signed it; default: the engine's
   * @returns the session, or `false` when the signature does not verify, and then nothing has changed
   */
  set_signed_id(signed_id: string, secret?: string): this | false {
    return this.#state.setSignedId(signed_id, secret) ? this : false
  }

  /** Sets the life in milliseconds of this session alone; it is kept with the data as `__cust_dur`. */
  set_duration(duration: number): this {
    if (typeof duration !== 'number' || !(duration > 0) || !Number.isFinite(duration)) {
      badOption('duration', 'milliseconds as a positive number', duration)
    }
    this.#state.setDuration(duration)
    return this
  }

  /** Reads the session of this request; before that it has no data. More calls are answered with the first one. */
  start(): Promise<void> {
    return this.#state.start()
  }

  /** A new id for the same data; the old id is dead at once. `false`: the session was ended meanwhile. */
  roll(): Promise<boolean> {
    return this.#state.roll()
  }

  /** Moves the end of the record now. Starts by itself; without a session's cookie it does nothing. */
  touch(): Promise<void> {
    return this.#state.touch()
  }

  /**
   * Ends the session and clears the cookie. Starts by itself; a second call, or one without a session's cookie, does
   * nothing.
   */
  destroy(): Promise<void> {
    return this.#state.destroy()
  }

  /** Sets one value, or those of an object. */
  set(name: string | Data, value?: unknown): this {
    if (typeof name === 'object' && name !== null) this.#state.assign(name)
    else this.#state.set(String(name), value)
    return this
  }

  /** Replaces all values by those of an object. */
  reset(data: Data): this {
    this.#state.reset(data)
    return this
  }

  /** One value, or without a name all of them in an object. */
  get<T = unknown>(name: string): T | undefined
  get(): Data
  get(name?: string): unknown {
    return name === undefined ? this.#state.all() : this.#state.get(name)
  }

  /** Deletes one value, or without a name all of them. */
  delete(name?: string): this {
    this.#state.delete(name)
    return this
  }
}

/** The other spelling of each name: the same property, not a second one. */
const TWINS = {
  signed_id: 'signedId',
  expires_at: 'expiresAt',
  generate_id: 'generateId',
  set_id: 'setId',
  set_signed_id: 'setSignedId',
  set_duration: 'setDuration',
} as const satisfies Partial<Record<keyof EngineSession, string>>

for (const [snake, camel] of Object.entries(TWINS)) {
  const descriptor = Object.getOwnPropertyDescriptor(EngineSession.prototype, snake)
  if (descriptor) Object.defineProperty(EngineSession.prototype, camel, descriptor)
}
