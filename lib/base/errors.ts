/**
 * Every code this package throws or hands to `next`, with what it means. README's table of error codes is
 * compared with this one by a test, in both directions.
 */
export const ERROR_CODES = Object.freeze({
  ERR_SESSION_OPTION: 'an option has a wrong value; thrown at creation as a TypeError',
  ERR_SESSION_STORE: 'a store call failed; `cause` is what the store reported',
  ERR_SESSION_STORE_TIMEOUT: 'a store call was not answered within `storeTimeout`',
  ERR_SESSION_STORE_DOWN: "the store is disconnected and `storeDown` is 'refuse'; `status` is 503",
  ERR_SESSION_CONFLICT: "another request changed the session meanwhile and `concurrency` is 'reject'",
  ERR_SESSION_GONE: 'the session was destroyed, renewed or has expired while this request held it',
  ERR_SESSION_UNSERIALIZABLE: 'a key of the session cannot be written as JSON; the message names the key',
  ERR_SESSION_ID_TAKEN: 'the id generator gave ids that are in use, several times in a row',
  ERR_SESSION_ID: 'the id generator gave something that cannot be a session id',
  ERR_SESSION_LIMIT: "the owner has as many sessions as `maxPerOwner` allows, and overflow is 'refuse'",
  ERR_SESSION_CLOSED: 'the store has been closed',
  ERR_SESSION_OPERATION: 'an operation of a SessionEngine has no handler; the message names it',
  ERR_SESSION_USAGE: 'a method was called in a state in which it cannot work; the message says which',
  ERR_SESSION_PEER:
    'an optional package that the store needs is not installed or fails to load; the message says which',
} as const)

export type SessionErrorCode = keyof typeof ERROR_CODES

export interface SessionErrorOptions {
  /** The failure underneath, as the store or driver reported it. */
  cause?: unknown
}

/** The one error class of this package. `code` is stable; the message is for people. */
export class SessionError extends Error {
  readonly code: SessionErrorCode

  constructor(code: SessionErrorCode, message: string, options?: SessionErrorOptions) {
    super(message, options)
    this.code = code
  }

  static {
    // One shared name on the prototype: an own `name` would show in every inspected error.
    SessionError.prototype.name = 'SessionError'
  }
}

/**
 * Whether it is an error of this package, also of another copy of it in this process: known by its name and code,
 * since that copy has a class of its own.
 */
export function isSessionError(error: unknown): error is SessionError {
  if (error instanceof SessionError) return true
  if (typeof error !== 'object' || error === null) return false
  const { name, code } = error as { name?: unknown; code?: unknown }
  return name === 'SessionError' && typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)
}

/** A wrong option. A `TypeError`, as express-session throws, with our code on it. */
export class SessionOptionError extends TypeError {
  readonly code = 'ERR_SESSION_OPTION' satisfies SessionErrorCode
}

/** @returns what came and its type, for messages of the form `expected …, got "1h" (string)` */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return `${JSON.stringify(value.slice(0, 80))} (string)`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no prototype'})`
  if (typeof value === 'function') return `a function`
  return `${String(value)} (${typeof value})`
}

/** @throws SessionOptionError always: `option NAME: expected EXPECTED, got VALUE` */
export function badOption(name: string, expected: string, got: unknown): never {
  throw new SessionOptionError(`option ${name}: expected ${expected}, got ${describe(got)}`)
}

/** @returns `cause` itself when it is already ours, else a `SessionError` around it that says what was tried */
export function storeError(operation: string, cause: unknown): SessionError {
  if (isSessionError(cause)) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SessionError('ERR_SESSION_STORE', `store ${operation} failed: ${reason}`, { cause })
}

/**
 * As `storeError`, with the message as the store gave it: applications of express-session look for the words of
 * their driver.
 */
export function errorAsGiven(operation: string, cause: unknown): SessionError {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (isSessionError(cause) || message === '') return storeError(operation, cause)
  return new SessionError('ERR_SESSION_STORE', message, { cause })
}

/** Whether a store has failed, or has not answered in time. */
export function isStoreFailure(error: unknown): boolean {
  const code = isSessionError(error) ? error.code : undefined
  return code === 'ERR_SESSION_STORE' || code === 'ERR_SESSION_STORE_TIMEOUT'
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
