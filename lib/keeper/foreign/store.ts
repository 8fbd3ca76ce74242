import { type Callback, isPromise } from '../../base/async'
import { systemClock } from '../../base/clock'
import type { StoreOperation } from '../../base/events'
import { fingerprint } from '../../base/ids'
import { timedOut } from '../../record/expiry'
import { type Data, dataText, isRecord, withoutCookie } from '../../record/text'
import { Cookie } from '../../session/cookie'
import type { Session, SessionData, SessionRequest } from '../../session/session'
import type { Store } from '../../session/store'
import type { Agreed, KeeperContext } from '../contract'
import { bounded } from '../time-limit'

export type ForeignRecord = Data & { cookie: Data }

/** Told when a call was given up that the store may still carry out; `answered` settles when it has. */
export type OnLate = (answered: Promise<unknown>) => void

/** The methods of a third-party store as promises: bounded in time, their failures coded and told. */
export class ForeignStore {
  readonly #store: Store
  readonly #context: KeeperContext
  readonly canTouch: boolean
  readonly canRegenerate: boolean

  constructor(store: Store, context: KeeperContext) {
    this.#store = store
    this.#context = context
    this.canTouch = typeof store.touch === 'function'
    this.canRegenerate = typeof store.regenerate === 'function'
  }

  /** Absent, unreadable or timed out: `undefined`. @param onExpired told of a record that a time-out has ended */
  async get(id: string, onExpired: () => void): Promise<ForeignRecord | undefined> {
    const found = await this.#ask<unknown>(id, 'get', (done) =>
      this.#store.get(id, done as Callback<SessionData | null>),
    )
    if (!found) return undefined
    if (!isRecord(found)) {
      this.#context.tell('unreadable', () => ({ session: fingerprint(id) }))
      return undefined
    }
    const record = withPlainCookie(found)
    const { created, active } = record.cookie
    const number = (value: unknown) => (typeof value === 'number' ? value : 0)
    const ended = timedOut(systemClock(), number(created), number(active), this.#context.policy)
    if (!ended) return record
    this.#context.tell('expired', () => ({ session: fingerprint(id), because: ended }))
    onExpired()
    return undefined
  }

  /**
   * @returns what the store has been given. The marks that it put on the live session meanwhile are in it, since they
   * are no changes; what the handler does while the store is at work is not.
   */
  async set(id: string, session: Session, onLate: OnLate): Promise<Agreed> {
    const now = systemClock()
    // A commit late in a long request must not take back what others have renewed since it began.
    Cookie.renewAgain(session.cookie, now)
    if (this.#context.policy.idleMs !== Infinity) Cookie.markActive(session.cookie, now)
    let given: Agreed | undefined
    await this.#ask(
      id,
      'set',
      (done) => {
        const returned = this.#store.set(id, asData(session), done)
        given = { base: dataText(session), settings: Cookie.settings(session.cookie) }
        return returned
      },
      onLate,
    )
    return given as Agreed
  }

  async touch(id: string, session: Session, onLate: OnLate): Promise<void> {
    Cookie.renewAgain(session.cookie, systemClock())
    await this.#ask(id, 'touch', (done) => this.#store.touch?.(id, asData(session), done), onLate)
  }

  async destroy(id: string, onLate: OnLate): Promise<void> {
    await this.#ask(id, 'destroy', (done) => this.#store.destroy(id, done), onLate)
  }

  async regenerate(req: SessionRequest, onLate: OnLate): Promise<void> {
    const id = req.sessionID ?? ''
    await this.#ask(id, 'destroy', (done) => this.#store.regenerate(req, done), onLate)
  }

  /** An ending that asks the store itself. */
  async endBy(id: string, destroy: () => Promise<void>, onLate: OnLate): Promise<void> {
    await this.#ask(id, 'destroy', (done) => void destroy().then(() => done(), done), onLate)
  }

  async #ask<T = void>(
    id: string,
    operation: StoreOperation,
    call: (done: Callback<T>) => unknown,
    onLate?: OnLate,
  ): Promise<T | undefined> {
    let answered = false
    const answer = new Promise<T | undefined>((resolve, reject) => {
      const returned = call((error, value) => {
        answered = true
        if (!error || (operation === 'get' && error.code === 'ENOENT')) resolve(error ? undefined : value)
        else reject(error)
      })
      // An `async` method that throws calls nobody back.
      if (isPromise(returned))
        returned.then(undefined, (error) => {
          answered = true
          reject(error)
        })
    })
    try {
      const told = answer.catch((error) => {
        throw withoutId(error, id)
      })
      return await bounded(told, this.#context.policy.storeTimeoutMs, operation)
    } catch (error) {
      if (!answered) onLate?.(answer)
      this.#context.tell('storeError', () => ({ operation, error: error as Error }))
      throw error
    }
  }
}

/**
 * A store may answer the live session that it was given. Its cookie has the session's times where only its JSON shows
 * them, as in the records of all other stores; and what the store keeps is not to be changed.
 */
function withPlainCookie(found: ForeignRecord): ForeignRecord {
  const { toJSON } = found.cookie
  if (typeof toJSON !== 'function') return found
  const cookie: unknown = toJSON.call(found.cookie)
  if (!isRecord({ cookie })) return found
  return Object.assign(withoutCookie(found), { cookie: cookie as Data })
}

/** Too short to be a secret, and likely to be part of a word. */
const SHORT = 8

/** Stores name their keys and files in their errors; ids are not to get into logs by that way. */
function withoutId(error: unknown, id: string): unknown {
  const message = error instanceof Error ? error.message : String(error)
  if (id.length < SHORT || !message.includes(id)) return error
  const told = new Error(message.replaceAll(id, `[${fingerprint(id)}]`))
  const { code } = Object(error)
  return code === undefined ? told : Object.assign(told, { code })
}

/** Stores get the live session itself: some of them put marks on it. */
function asData(session: Session): Session & SessionData {
  return session as Session & SessionData
}
