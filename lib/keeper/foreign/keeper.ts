import { type Awaitable, ignore } from '../../base/async'
import { systemClock } from '../../base/clock'
import { cookieEnd, worthMoving } from '../../record/expiry'
import { dataText } from '../../record/text'
import { Cookie } from '../../session/cookie'
import { Session, setSessionId } from '../../session/session'
import type { Store } from '../../session/store'
import {
  type Flight,
  type Keeper,
  type KeeperContext,
  KnownSession,
  type Loaded,
  type Updated,
  type Updater,
  type Written,
} from '../contract'
import { resolveCookieConflict } from '../cookie-conflict'
import { mergedWith } from './merge'
import { ForeignOrder } from './order'
import type { ForeignRecord } from './store'
import { catchUp, updateQueued } from './update'

/**
 * Keeps sessions in any store of express-session's kind, through its public methods alone. Within this process
 * no update is lost and nothing ended comes back (`flights.ts`); between processes such a store cannot tell.
 */
export class ForeignKeeper implements Keeper {
  readonly resaveIsTouch = false
  readonly lendsSession = true
  readonly readsTrees = false
  readonly #order: ForeignOrder
  readonly #context: KeeperContext

  constructor(store: Store, context: KeeperContext) {
    this.#order = new ForeignOrder(store, context)
    this.#context = context
  }

  async load(id: string): Promise<Loaded | undefined> {
    const { flights } = this.#order
    const flight = flights.board(id)
    // Taken before the store is asked: a commit that comes between makes this request late.
    const { version } = flight
    let record: ForeignRecord | undefined
    try {
      record = await this.#order.get(id)
    } finally {
      if (!record) flights.leave(flight)
    }
    if (!record) return undefined
    const known = new KnownSession(id, dataText(record))
    known.flight = flight
    known.version = version
    known.deadline = cookieEnd(record.cookie['expires'] as string | null) ?? Infinity
    return { cookie: record.cookie, data: record, known }
  }

  create(session: Session, data: string): Promise<KnownSession | undefined> {
    // Ids of our own cannot meet; of another generator nobody knows.
    return this.#insert(session, data, this.#context.policy.genid !== undefined)
  }

  async put(session: Session, data: string): Promise<KnownSession> {
    return (await this.#insert(session, data, false)) as KnownSession
  }

  /** @returns `undefined` when `unlessTaken` and the store has this id; two who draw one id at once queue */
  async #insert(session: Session, data: string, unlessTaken: boolean): Promise<KnownSession | undefined> {
    const known = new KnownSession(session.id, data)
    const flight = await this.#order.flights.boardAlive(session.id)
    known.flight = flight
    let created = false
    try {
      created = await this.#order.turn(flight, 'set', async () => {
        if (unlessTaken && (await this.#order.get(known.id))) return false
        await this.#order.set(known, flight, session)
        return true
      })
    } finally {
      if (!created) this.leave(known)
    }
    return created ? known : undefined
  }

  write(known: KnownSession, session: Session): Promise<Written> {
    const flight = this.#order.flights.of(known)
    return this.#order.turn(flight, 'set', async () => {
      if (flight.dead) return 'gone'
      known.overwritten = NONE
      if (known.version !== flight.version) return this.#merge(known, flight, session)
      await this.#order.set(known, flight, session)
      return 'saved'
    })
  }

  /** Somebody has committed since this request loaded: its changes go on top of what is there now. */
  async #merge(known: KnownSession, flight: Flight, session: Session): Promise<Written> {
    const theirs = await this.#order.get(known.id)
    if (!theirs || flight.dead) return 'gone'
    const base = dataText(session)
    const merged = mergedWith(theirs, known, session, base, this.#context.policy.concurrency)
    resolveCookieConflict(known, session, theirs.cookie)
    if (!merged) {
      await this.#order.set(known, flight, session)
      return 'saved'
    }
    merged.cookie = session.cookie
    const { settings } = await this.#order.setMerged(flight, merged)
    known.agree({ base, settings })
    // The live session does not show what the others wrote: the next commit reads again.
    known.version = 0
    return 'merged'
  }

  /** The new record first, so that a crash loses nothing; until the old one is gone nobody gets the new id. */
  renew(
    known: KnownSession,
    session: Session,
    _data: string,
    id: string,
  ): Promise<KnownSession | 'taken' | undefined> {
    const flight = this.#order.flights.of(known)
    return this.#order.turn(flight, 'set', async () => {
      if (!(await catchUp(this.#order, known, flight, session))) return undefined
      const previous = session.id
      // Its creation would queue behind this very step.
      if (id === previous) return 'taken'
      let next: KnownSession | undefined
      let renewed = false
      setSessionId(session, id)
      try {
        next = await this.create(session, dataText(session))
        if (!next) return 'taken'
        if (flight.dead) return undefined
        await this.#order.remove(flight)
        this.#order.flights.kill(flight)
        renewed = true
        return next
      } finally {
        if (!renewed) setSessionId(session, previous)
        if (next && !renewed) this.#discard(next)
      }
    })
  }

  #discard(known: KnownSession): void {
    this.leave(known)
    this.destroy(known.id).catch(ignore)
  }

  update<R>(
    known: KnownSession,
    session: Session,
    _data: string,
    change: Updater<R>,
  ): Promise<Updated<R> | undefined> {
    return updateQueued(this.#order, known, session, change)
  }

  async touch(known: KnownSession, session: Session, forced = false): Promise<boolean> {
    const { policy } = this.#context
    const now = systemClock()
    if (policy.idleMs !== Infinity) {
      // Such a store's `touch` need not keep what it is given, and idle time is read from the record.
      if (!forced && now - Cookie.activeAt(session.cookie) <= (policy.touchAfterMs ?? 0)) return true
      Cookie.markActive(session.cookie, now)
      return (await this.write(known, session)) !== 'gone'
    }
    if (!this.#order.store.canTouch || !(forced || this.#due(known, session, now))) return true
    const flight = this.#order.flights.of(known)
    return this.#order.touchTurn(flight, async () => {
      const shown = flight.dead ? undefined : await this.#touchable(known, flight, session)
      if (!shown || flight.dead) return false
      await this.#order.touch(flight, shown)
      return true
    })
  }

  /** Stores keep the cookie of who touches: it must not be older than what somebody has set meanwhile. */
  async #touchable(known: KnownSession, flight: Flight, session: Session): Promise<Session | undefined> {
    if (known.version === flight.version) return session
    const theirs = await this.#order.get(known.id)
    if (!theirs) return undefined
    resolveCookieConflict(known, session, theirs.cookie)
    return new Session(session.req, theirs, session.cookie)
  }

  #due(known: KnownSession, session: Session, now: number): boolean {
    const { touchAfterMs = 0 } = this.#context.policy
    if (touchAfterMs === Infinity) return false
    const to = cookieEnd(session.cookie.expires)
    if (touchAfterMs === 0 || to === undefined || known.deadline === Infinity) return true
    return worthMoving(known.deadline, to, now, touchAfterMs)
  }

  async destroy(id: string): Promise<boolean> {
    await this.#order.destroy(id)
    return true
  }

  async regenerate(session: Session, generate: () => Awaitable<void>): Promise<boolean> {
    const order = this.#order
    await order.end(session.id, async (flight) => {
      if (order.store.canRegenerate) return order.regenerate(flight, session)
      try {
        await order.remove(flight)
      } finally {
        await generate()
      }
    })
    return true
  }

  endBy(id: string, destroy: () => Promise<void>): Promise<void> {
    return this.#order.endBy(id, destroy)
  }

  leave(known: KnownSession): void {
    this.#order.leave(known)
  }
}

const NONE: readonly string[] = []
