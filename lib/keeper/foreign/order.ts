import { ignore } from '../../base/async'
import type { StoreOperation } from '../../base/events'
import { settlesWithin } from '../../base/timers'
import type { Policy } from '../../session/policy'
import type { Session } from '../../session/session'
import type { Store } from '../../session/store'
import type { Agreed, Flight, KeeperContext, KnownSession } from '../contract'
import { boundedTurn, timeoutError } from '../time-limit'
import { type Flights, flightsOf } from './flights'
import { type ForeignRecord, ForeignStore, type OnLate } from './store'

/**
 * The calls of a third-party store in the order that its flights say: one write of a session at a time, none
 * after its end, and every request able to tell whether it is late.
 */
export class ForeignOrder {
  readonly flights: Flights
  readonly store: ForeignStore
  readonly #context: KeeperContext
  readonly #policy: Policy

  constructor(store: Store, context: KeeperContext) {
    this.flights = flightsOf(store)
    this.store = new ForeignStore(store, context)
    this.#context = context
    this.#policy = context.policy
  }

  get(id: string): Promise<ForeignRecord | undefined> {
    return this.store.get(id, () => this.destroy(id).catch(ignore))
  }

  /**
   * Runs `work` when all earlier work on this flight is done.
   *
   * @param always even if its turn comes too late for whoever waits
   * @throws SessionError ERR_SESSION_STORE_TIMEOUT when its turn does not come in time
   */
  turn<T>(flight: Flight, operation: StoreOperation, work: () => Promise<T>, always = false): Promise<T> {
    if (!flight.tail) return this.flights.queue(flight, work)
    return this.#waited((turn) => this.flights.queue(flight, turn), operation, work, always)
  }

  /** As `turn`, of a touch: those of one session need not wait for each other. */
  touchTurn<T>(flight: Flight, work: () => Promise<T>): Promise<T> {
    const after = flight.touching ? flight.touching.after : flight.tail
    if (!after) return this.flights.queueTouch(flight, work)
    return this.#waited((turn) => this.flights.queueTouch(flight, turn), 'touch', work, false)
  }

  #waited<T>(
    queue: (turn: () => Promise<void>) => unknown,
    operation: StoreOperation,
    work: () => Promise<T>,
    always: boolean,
  ): Promise<T> {
    const { storeTimeoutMs } = this.#policy
    const onGivenUp = () => {
      // Calls tell of themselves; of a call that was never made nobody else would.
      const error = timeoutError(operation, storeTimeoutMs)
      this.#context.tell('storeError', () => ({ operation, error }))
      return error
    }
    return boundedTurn(queue, work, storeTimeoutMs, onGivenUp, always)
  }

  /** Writes a session whose turn it is, and which is all that has been committed. */
  async set(known: KnownSession, flight: Flight, session: Session): Promise<void> {
    try {
      known.agree(await this.store.set(flight.id, session, this.#waitsAndLooks(flight)))
    } finally {
      // Also after a failure: nobody knows whether it was written, and others have to look.
      known.version = this.flights.written(flight)
    }
  }

  /** Writes what is not the live session. @returns what the store has been given */
  async setMerged(flight: Flight, merged: Session): Promise<Agreed> {
    try {
      return await this.store.set(flight.id, merged, this.#waitsAndLooks(flight))
    } finally {
      this.flights.written(flight)
    }
  }

  touch(flight: Flight, session: Session): Promise<void> {
    return this.store.touch(flight.id, session, this.#waits(flight))
  }

  /** The store's part of an ending whose turn it is. */
  async remove(flight: Flight): Promise<void> {
    try {
      await this.store.destroy(flight.id, this.#waits(flight))
    } catch (error) {
      // Nobody knows whether it is gone: who goes on with it has to look.
      this.flights.written(flight)
      throw error
    }
  }

  regenerate(flight: Flight, session: Session): Promise<void> {
    return this.store.regenerate(session.req, this.#waits(flight))
  }

  endBy(id: string, destroy: () => Promise<void>): Promise<void> {
    return this.end(id, (flight) => this.store.endBy(id, destroy, this.#waits(flight)))
  }

  destroy(id: string): Promise<void> {
    return this.end(id, (flight) => this.remove(flight))
  }

  /** Dead at once for everybody on board; the store is asked when the commit that is under way is through. */
  async end(id: string, work: (flight: Flight) => Promise<void>): Promise<void> {
    const flight = this.flights.end(id)
    try {
      await this.turn(flight, 'destroy', () => work(flight), true)
    } finally {
      this.flights.retire(flight)
    }
  }

  leave(known: KnownSession): void {
    if (known.flight) this.flights.leave(known.flight)
    known.flight = undefined
  }

  /** A call that was given up may still be carried out: what comes next waits for it, though not for ever. */
  #waits(flight: Flight): OnLate {
    return (answer) => {
      const waited = settlesWithin(answer, this.#policy.storeTimeoutMs)
      flight.unanswered = waited.then(() => this.flights.written(flight))
    }
  }

  /** ... and a write that is carried out so late must not bring back what was ended since. */
  #waitsAndLooks(flight: Flight): OnLate {
    const waits = this.#waits(flight)
    return (answer) => {
      waits(answer)
      const late = this.flights.givenUp(flight.id)
      const look = () => {
        if (this.flights.writtenLate(flight, late)) this.destroy(flight.id).catch(ignore)
      }
      answer.then(look, look)
    }
  }
}
