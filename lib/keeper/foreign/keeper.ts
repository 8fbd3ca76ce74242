import type { Awaitable } from '../../base/async'
import { cookieEnd, worthMoving } from '../../record/expiry'
import { dataText } from '../../record/text'
import { Cookie } from '../../session/cookie'
import { Session, setSessionId } from '../../session/session'
import type { Store } from '../../session/store'
import {
  type Change,
  type Flight,
  Held,
  type Keeper,
  type KeeperContext,
  type Loaded,
  type Updated,
  type Written,
} from '../contract'
import { takeCookie } from '../cookie-conflict'
import { mergedWith } from './merge'
import { ForeignOrder } from './order'
import type { ForeignRecord } from './store'
import { catchUp, updateInTurns } from './update'

/**
 * Keeps sessions in any store of express-session's kind, through its public methods alone. Within this process
 * no update is lost and nothing ended comes back (`flights.ts`); between processes such a store cannot tell.
 */
export class ForeignKeeper implements Keeper {
  readonly resaveIsTouch = false
  readonly lendsSession = true
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
    const flight = await this.#order.flights.boardAlive(session.id)
    held.flight = flight
    let created = false
    try {
      created = await this.#order.turn(flight, 'set', async () => {
        if (unlessTaken && (await this.#order.get(held.id))) return false
        await this.#order.set(held, flight, session)
        return true
      })
    } finally {
      if (!created) this.leave(held)
    }
    return created ? held : undefined
  }

  write(held: Held, session: Session): Promise<Written> {
    const flight = this.#order.flights.of(held)
    return this.#order.turn(flight, 'set', async () => {
      if (flight.dead) return 'gone'
      held.overwritten = NONE
      if (held.version !== flight.version) return this.#merge(held, flight, session)
      await this.#order.set(held, flight, session)
      return 'saved'
    })
  }

  /** Somebody has committed since this request loaded: its changes go on top of what is there now. */
  async #merge(held: Held, flight: Flight, session: Session): Promise<Written> {
    const theirs = await this.#order.get(held.id)
    if (!theirs || flight.dead) return 'gone'
    const base = dataText(session)
    const merged = mergedWith(theirs, held, session, base, this.#context.policy.concurrency)
    takeCookie(held, session, theirs.cookie)
    if (!merged) {
      await this.#order.set(held, flight, session)
      return 'saved'
    }
    merged.cookie = session.cookie
    const { settings } = await this.#order.setMerged(flight, merged)
    held.agree({ base, settings })
    // The live session does not show what the others wrote: the next commit reads again.
    held.version = 0
    return 'merged'
  }

  /** The new record first, so that a crash loses nothing; until the old one is gone nobody gets the new id. */
  renew(held: Held, session: Session, _data: string, id: string): Promise<Held | 'taken' | undefined> {
    const flight = this.#order.flights.of(held)
    return this.#order.turn(flight, 'set', async () => {
      if (!(await catchUp(this.#order, held, flight, session))) return undefined
      const previous = session.id
      // Its creation would queue behind this very step.
      if (id === previous) return 'taken'
      let next: Held | undefined
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

  #discard(held: Held): void {
    this.leave(held)
    this.destroy(held.id).catch(ignore)
  }

  update<R>(held: Held, session: Session, _data: string, change: Change<R>): Promise<Updated<R> | undefined> {
    return updateInTurns(this.#order, held, session, change)
  }

  async touch(held: Held, session: Session, forced = false): Promise<boolean> {
    const { policy } = this.#context
    const now = Date.now()
    if (policy.idleMs !== Number.POSITIVE_INFINITY) {
      // Such a store's `touch` need not keep what it is given, and idle time is read from the record.
      if (!forced && now - Cookie.activeAt(session.cookie) <= (policy.touchAfterMs ?? 0)) return true
      Cookie.markActive(session.cookie, now)
      return (await this.write(held, session)) !== 'gone'
    }
    if (!this.#order.store.canTouch || !(forced || this.#due(held, session, now))) return true
    const flight = this.#order.flights.of(held)
    return this.#order.touchTurn(flight, async () => {
      const shown = flight.dead ? undefined : await this.#touchable(held, flight, session)
      if (!shown || flight.dead) return false
      await this.#order.touch(flight, shown)
      return true
    })
  }

  /** Stores keep the cookie of who touches: it must not be older than what somebody has set meanwhile. */
  async #touchable(held: Held, flight: Flight, session: Session): Promise<Session | undefined> {
    if (held.version === flight.version) return session
    const theirs = await this.#order.get(held.id)
    if (!theirs) return undefined
    takeCookie(held, session, theirs.cookie)
    return new Session(session.req, theirs, session.cookie)
  }

  #due(held: Held, session: Session, now: number): boolean {
    const { touchAfterMs = 0 } = this.#context.policy
    if (touchAfterMs === Number.POSITIVE_INFINITY) return false
    const to = cookieEnd(session.cookie.expires)
    if (touchAfterMs === 0 || to === undefined || held.deadline === Number.POSITIVE_INFINITY) return true
    return worthMoving(held.deadline, to, now, touchAfterMs)
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

  leave(held: Held): void {
    this.#order.leave(held)
  }
}

const NONE: readonly string[] = []

function ignore(): void {}
