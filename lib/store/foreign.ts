import { applyDelta, deltaBetween } from '../core/delta'
import { SessionError } from '../core/errors'
import type { StoreOperation } from '../core/events'
import { cookieEnd, timedOut, worthMoving } from '../core/expiry'
import { fingerprint } from '../core/id'
import { type Data, dataText, isRecord, parseData, withoutCookie } from '../core/record'
import { Cookie } from '../session/cookie'
import { Session, type SessionData, setData, setSessionId, showData } from '../session/session'
import { type Callback, isPromise } from '../session/settle'
import type { Store } from '../session/store'
import type { Awaitable } from './backend'
import { bounded } from './bounded'
import { type Flights, flightsOf } from './flights'
import {
  type Agreed,
  type Change,
  type Flight,
  Held,
  type Keeper,
  type KeeperContext,
  type Loaded,
  type Updated,
  type Written,
} from './keeper'

/**
 * Keeps sessions in any store of express-session's kind, through its public methods alone. Within this process
 * no update is lost and nothing ended comes back (`flights.ts`); between processes such a store cannot tell.
 */
export class ForeignKeeper implements Keeper {
  readonly resaveIsTouch = false
  readonly lendsSession = true
  readonly #store: Store
  readonly #context: KeeperContext
  readonly #flights: Flights
  readonly #touches: boolean

  constructor(store: Store, context: KeeperContext) {
    this.#store = store
    this.#context = context
    this.#flights = flightsOf(store)
    this.#touches = typeof store.touch === 'function'
  }

  async load(id: string): Promise<Loaded | undefined> {
    const flight = this.#flights.board(id)
    const { version } = flight
    let record: (Data & { cookie: Data }) | undefined
    try {
      record = await this.#get(id)
    } finally {
      if (!record) this.#flights.leave(flight)
    }
    if (!record) return undefined
    const held = new Held(id, dataText(record))
    held.flight = flight
    held.version = version
    held.deadline = cookieEnd(record.cookie['expires'] as string | null) ?? Number.POSITIVE_INFINITY
    return { cookie: record.cookie, data: record, held }
  }

  create(session: Session, data: string): Promise<Held | undefined> {
    // Ids of our own cannot meet; of another generator nobody knows.
    return this.#insert(session, data, this.#context.policy.genid !== undefined)
  }

  async put(session: Session, data: string): Promise<Held> {
    return (await this.#insert(session, data, false)) as Held
  }

  /** @returns `undefined` when `unlessTaken` and the store has this id; two who draw one id at once queue */
  async #insert(session: Session, data: string, unlessTaken: boolean): Promise<Held | undefined> {
    const held = new Held(session.id, data)
    const flight = await this.#flights.boardAlive(session.id)
    held.flight = flight
    try {
      const created = await this.#flights.queue(flight, async () => {
        if (unlessTaken && (await this.#get(held.id))) return false
        held.agree(await this.#set(flight, session))
        held.version = flight.version
        return true
      })
      if (created) return held
    } catch (error) {
      this.leave(held)
      throw error
    }
    this.leave(held)
    return undefined
  }

  write(held: Held, session: Session): Promise<Written> {
    const flight = this.#flights.of(held)
    return this.#flights.queue(flight, async () => {
      if (flight.dead) return 'gone'
      if (held.version !== flight.version) return this.#merge(held, flight, session)
      held.agree(await this.#set(flight, session))
      held.version = flight.version
      return 'saved'
    })
  }

  renew(held: Held, session: Session, _data: string, id: string): Promise<Held | 'taken' | undefined> {
    const flight = this.#flights.of(held)
    return this.#flights.queue(flight, async () => {
      if (flight.dead) return undefined
      if (held.version !== flight.version && !(await this.#takeOver(held, session))) return undefined
      const previous = session.id
      // Its creation would queue behind this very step.
      if (id === previous) return 'taken'
      setSessionId(session, id)
      let next: Held | undefined
      try {
        next = await this.create(session, dataText(session))
      } finally {
        if (!next) setSessionId(session, previous)
      }
      if (!next) return 'taken'
      flight.dead = true
      await this.#ask('destroy', (done) => this.#store.destroy(previous, done))
      return next
    })
  }

  update<R>(held: Held, session: Session, _data: string, change: Change<R>): Promise<Updated<R> | undefined> {
    const flight = this.#flights.of(held)
    return this.#flights.queue(flight, async () => {
      if (flight.dead) return undefined
      if (held.version !== flight.version && !(await this.#takeOver(held, session))) return undefined
      const draft = parseData(dataText(session))
      const result = await change(draft)
      if (flight.dead) return undefined
      const before = withoutCookie(session)
      showData(session, draft)
      try {
        held.agree(await this.#set(flight, session))
      } catch (error) {
        showData(session, before)
        throw error
      }
      held.version = flight.version
      return { result }
    })
  }

  /** Brings what others have committed into the live session, below what this request has changed. */
  async #takeOver(held: Held, session: Session): Promise<boolean> {
    const theirs = await this.#get(held.id)
    if (!theirs) return false
    const base = dataText(theirs)
    showData(session, parseData(applyDelta(deltaBetween(held.base, dataText(session)), base)))
    held.base = base
    return true
  }

  /** Somebody has committed since this request loaded: its changes go on top of what is there now. */
  async #merge(held: Held, flight: Flight, session: Session): Promise<Written> {
    const theirs = await this.#get(held.id)
    if (!theirs || flight.dead) return 'gone'
    const data = dataText(session)
    const delta = deltaBetween(held.base, data)
    const changed = Object.keys(delta.set).length > 0 || delta.removed.length > 0
    const { concurrency } = this.#context.policy
    const same = dataText(theirs) === held.base
    if (changed && !same && concurrency === 'reject') {
      throw new SessionError('ERR_SESSION_CONFLICT', 'another request has changed the session meanwhile')
    }
    let next = session
    if (!same && !(changed && concurrency === 'overwrite')) {
      for (const key of delta.removed) delete theirs[key]
      for (const key of Object.keys(delta.set)) setData(theirs, key, (session as unknown as Data)[key])
      const { cookie } = session
      next = new Session(session.req, { ...theirs, cookie })
    }
    const given = await this.#set(flight, next)
    held.agree(next === session ? given : { base: data, settings: given.settings })
    // The live session does not show what the others wrote: the next commit reads again.
    held.version = next === session ? flight.version : 0
    return next === session ? 'saved' : 'merged'
  }

  async touch(held: Held, session: Session, forced = false): Promise<boolean> {
    const { policy } = this.#context
    const now = Date.now()
    if (policy.idleMs !== Number.POSITIVE_INFINITY) {
      // Such a store's `touch` need not keep what it is given, and idle time is read from the record.
      if (now - Cookie.activeAt(session.cookie) <= (policy.touchAfterMs ?? 0)) return true
      Cookie.markActive(session.cookie, now)
      return (await this.write(held, session)) !== 'gone'
    }
    if (!this.#touches || !(forced || this.#due(held, session, now))) return true
    const flight = this.#flights.of(held)
    return this.#flights.queue(flight, async () => {
      if (flight.dead) return false
      await this.#ask('touch', (done) => this.#store.touch?.(held.id, asData(session), done))
      return true
    })
  }

  #due(held: Held, session: Session, now: number): boolean {
    const { touchAfterMs = 0 } = this.#context.policy
    if (touchAfterMs === Number.POSITIVE_INFINITY) return false
    const to = cookieEnd(session.cookie.expires)
    if (touchAfterMs === 0 || to === undefined || held.deadline === Number.POSITIVE_INFINITY) return true
    return worthMoving(held.deadline, to, now, touchAfterMs)
  }

  destroy(id: string): Promise<void> {
    return this.#end(id, () => this.#ask('destroy', (done) => this.#store.destroy(id, done)))
  }

  async regenerate(session: Session, generate: () => Awaitable<void>): Promise<void> {
    const store = this.#store
    await this.#end(session.id, async () => {
      if (typeof store.regenerate === 'function') {
        await this.#ask('destroy', (done) => store.regenerate(session.req, done))
        return
      }
      try {
        await this.#ask('destroy', (done) => store.destroy(session.id, done))
      } finally {
        await generate()
      }
    })
  }

  /** Dead at once for everybody on board; the store is asked when the commit that is under way is through. */
  async #end(id: string, work: () => Promise<void>): Promise<void> {
    const flight = this.#flights.end(id)
    try {
      await this.#flights.queue(flight, work)
    } finally {
      this.#flights.retire(flight)
    }
  }

  giveUp(id: string): void {
    this.#flights.leave(this.#flights.end(id))
  }

  leave(held: Held): void {
    if (held.flight) this.#flights.leave(held.flight)
    held.flight = undefined
  }

  async #get(id: string): Promise<(Data & { cookie: Data }) | undefined> {
    const found = await this.#ask<unknown>('get', (done) =>
      this.#store.get(id, done as Callback<SessionData | null>),
    )
    if (!found) return undefined
    if (!isRecord(found)) {
      this.#context.tell('unreadable', () => ({ session: fingerprint(id) }))
      return undefined
    }
    const { created, active } = found.cookie
    const number = (value: unknown) => (typeof value === 'number' ? value : 0)
    const ended = timedOut(Date.now(), number(created), number(active), this.#context.policy)
    if (!ended) return found
    this.#context.tell('expired', () => ({ session: fingerprint(id), because: ended }))
    this.destroy(id).catch(() => {})
    return undefined
  }

  /**
   * @returns what the store has been given. The marks that it put on the live session meanwhile are in it, since they
   * are no changes; what the handler does while the store is at work is not.
   */
  async #set(flight: Flight, session: Session): Promise<Agreed> {
    if (this.#context.policy.idleMs !== Number.POSITIVE_INFINITY)
      Cookie.markActive(session.cookie, Date.now())
    let given: Agreed | undefined
    try {
      await this.#ask('set', (done) => {
        const returned = this.#store.set(flight.id, asData(session), done)
        given = { base: dataText(session), settings: Cookie.settings(session.cookie) }
        return returned
      })
    } finally {
      // Also after a failure: nobody knows whether it was written.
      this.#flights.written(flight)
    }
    return given as Agreed
  }

  #ask<T = void>(operation: StoreOperation, call: (done: Callback<T>) => unknown): Promise<T | undefined> {
    const answer = new Promise<T | undefined>((resolve, reject) => {
      const returned = call((error, value) => {
        if (!error || (operation === 'get' && error.code === 'ENOENT')) resolve(error ? undefined : value)
        else reject(error)
      })
      // An `async` method that throws calls nobody back.
      if (isPromise(returned)) returned.then(undefined, reject)
    })
    return bounded(answer, this.#context.policy.storeTimeoutMs, operation).catch((error) => {
      this.#context.tell('storeError', () => ({ operation, error }))
      throw error
    })
  }
}

/** Stores get the live session itself: some of them put marks on it. */
function asData(session: Session): Session & SessionData {
  return session as Session & SessionData
}
