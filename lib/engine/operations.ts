import { badOption, SessionError } from '../base/errors'
import type { EngineSession } from './session'

type Result<T> = T | PromiseLike<T>

/** What an engine asks of the application's storage. */
export interface Operations {
  /** Returns the data kept for `session.id`, or `undefined`. Required. */
  read(session: EngineSession): Result<object | undefined | null>
  /** Keeps `session.get()` until `session.expires_at`; `session.stored` says whether a record is there already. Required. */
  write(session: EngineSession): Result<unknown>
  /** Moves the end of the record to `session.expires_at`. Required. */
  touch(session: EngineSession): Result<unknown>
  /** Removes the record of `session.id`. Required. */
  destroy(session: EngineSession): Result<unknown>
  /** Returns a new random id. Optional: 24 bytes of the system's CSPRNG. */
  id(): Result<string>
  /** Removes records that have ended. Optional; called by `engine.cleanup()`, which returns what it returns. */
  cleanup(): Result<unknown>
}

export type OperationType = keyof Operations

const REQUIRED = ['read', 'touch', 'write', 'destroy'] as const
const TYPES: readonly string[] = [...REQUIRED, 'id', 'cleanup']

/** The handlers that an application has bound. */
export class OperationTable {
  readonly #handlers: Partial<Operations> = Object.create(null)

  /** @throws TypeError ERR_SESSION_OPTION for an unknown type, or a handler that is no function */
  bind<T extends OperationType>(type: T, handler: Operations[T]): void {
    if (!TYPES.includes(type)) badOption('type', `one of ${TYPES.join(', ')}`, type)
    if (typeof handler !== 'function') badOption(`handler of ${type}`, 'a function', handler)
    this.#handlers[type] = handler
  }

  get<T extends OperationType>(type: T): Operations[T] | undefined {
    return this.#handlers[type]
  }

  /** @throws SessionError ERR_SESSION_OPERATION naming the type */
  require<T extends OperationType>(type: T): Operations[T] {
    const handler = this.#handlers[type]
    if (!handler) throw missing([type])
    return handler
  }

  /** @throws SessionError ERR_SESSION_OPERATION naming each required operation that has no handler */
  checkRequired(): void {
    const without = REQUIRED.filter((type) => !this.#handlers[type])
    if (without.length > 0) throw missing(without)
  }
}

function missing(types: readonly string[]): SessionError {
  const calls = types.map((type) => `engine.use('${type}', handler)`).join(', ')
  return new SessionError('ERR_SESSION_OPERATION', `no handler for ${types.join(', ')}: call ${calls}`)
}
