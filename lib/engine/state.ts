import { SessionError } from '../base/errors'
import type { Data } from '../record/text'

/** What a `Session` asks: the session of a request, or the view of one that a handler is given. */
export interface SessionState {
  readonly id: string | undefined
  readonly signedId: string | undefined
  readonly ready: boolean
  readonly stored: boolean
  readonly durationMs: number
  readonly expiresAt: number
  generateId(): Promise<string>
  setId(id: string): void
  setSignedId(signedId: string, secret: string | undefined): boolean
  setDuration(durationMs: number): void
  start(): Promise<void>
  roll(): Promise<boolean>
  touch(): Promise<void>
  destroy(): Promise<void>
  set(name: string, value: unknown): void
  assign(values: Data): void
  reset(values: Data): void
  get(name: string): unknown
  all(): Data
  delete(name: string | undefined): void
}

/** What a handler is shown of a session: what to write under which id, and until when. */
export class ShownState implements SessionState {
  readonly ready = true
  readonly id: string
  readonly stored: boolean
  readonly durationMs: number
  readonly expiresAt: number
  readonly #data: Data
  readonly #sign: (id: string) => string

  constructor(
    id: string,
    data: Data,
    stored: boolean,
    times: { durationMs: number; expiresAt: number },
    sign: (id: string) => string,
  ) {
    this.id = id
    this.stored = stored
    this.durationMs = times.durationMs
    this.expiresAt = times.expiresAt
    this.#data = data
    this.#sign = sign
  }

  get signedId(): string {
    return this.#sign(this.id)
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#data, name) ? this.#data[name] : undefined
  }

  all(): Data {
    return { ...this.#data }
  }

  generateId = refuse('generate_id')
  setId = refuse('set_id')
  setSignedId = refuse('set_signed_id')
  setDuration = refuse('set_duration')
  start = refuse('start')
  roll = refuse('roll')
  touch = refuse('touch')
  destroy = refuse('destroy')
  set = refuse('set')
  assign = refuse('set')
  reset = refuse('reset')
  delete = refuse('delete')
}

function refuse(method: string): () => never {
  return () => {
    throw new SessionError(
      'ERR_SESSION_USAGE',
      `${method}: a handler keeps the session and does not change it`,
    )
  }
}
