import { ignore } from '../../base/async'
import type { Store } from '../../session/store'
import type { Flight, KnownSession } from '../contract'

/**
 * The session ids that requests of this process hold, for stores that have no compare-and-swap. Commits of one
 * id queue behind each other; each has a version, so that a request knows whether another has committed since it
 * loaded; and an id that was ended stays dead for all who were on board.
 */
export class Flights {
  readonly #byId = new Map<string, Flight>()
  readonly #late = new Set<LateWrite>()
  /** Never repeats a version, so that one who comes back after everybody left is seen to be late. */
  #clock = 0

  board(id: string): Flight {
    let flight = this.#byId.get(id)
    if (!flight) {
      flight = newFlight(id, ++this.#clock)
      this.#byId.set(id, flight)
    }
    flight.riders++
    return flight
  }

  leave(flight: Flight): void {
    flight.riders--
    this.#forgetEmpty(flight)
  }

  /** The flight of one who holds it, or who left it and comes back: then a new one, with another version. */
  of(known: KnownSession): Flight {
    known.flight ??= this.board(known.id)
    return known.flight
  }

  /**
   * Boards a flight that is not dead: for an id that is to be used anew. Waits for the ending that is under way.
   */
  async boardAlive(id: string): Promise<Flight> {
    let flight = this.board(id)
    while (flight.dead) {
      const { tail } = flight
      this.leave(flight)
      if (tail) await tail
      else this.#forget(flight)
      flight = this.board(id)
    }
    return flight
  }

  /** Everybody on board is too late from now on, and so is who boards before `retire`. */
  end(id: string): Flight {
    const flight = this.board(id)
    this.kill(flight)
    return flight
  }

  /** Everybody on board is too late, and so is what was given up before. */
  kill(flight: Flight): void {
    flight.dead = true
    for (const late of this.#late) if (late.id === flight.id) late.ended = true
  }

  /**
   * The ending is through, or has failed: whoever boards from now on starts anew. What was given up unanswered may
   * still happen, so commits wait for that, and look again.
   */
  retire(flight: Flight): void {
    const { id, tail } = flight
    if (this.#byId.get(id) === flight) {
      this.#byId.delete(id)
      if (tail) this.#follow(id, tail)
    }
    this.leave(flight)
  }

  #follow(id: string, tail: Promise<unknown>): void {
    const flight = newFlight(id, ++this.#clock)
    this.#byId.set(id, flight)
    this.queue(flight, async () => {
      await tail
      this.written(flight)
    })
  }

  /** Runs `work` when all earlier work on this flight is done. */
  queue<T>(flight: Flight, work: () => Promise<T>): Promise<T> {
    const run = flight.tail ? flight.tail.then(work) : work()
    flight.touching = undefined
    this.#closeWith(flight, run.then(ignore, ignore))
    return run
  }

  /** Runs `work` when all earlier writes on this flight are done, side by side with other touches; writes wait for it. */
  queueTouch<T>(flight: Flight, work: () => Promise<T>): Promise<T> {
    const { touching } = flight
    const after = touching ? touching.after : flight.tail
    const run = after ? after.then(work) : work()
    const done = run.then(ignore, ignore)
    const all = touching ? Promise.all([touching.all, done]).then(ignore) : done
    flight.touching = { after, all }
    this.#closeWith(flight, all)
    return run
  }

  /** What comes next waits for `work`, and for what was given up meanwhile. */
  #closeWith(flight: Flight, work: Promise<void>): void {
    const tail = work
      .then(() => flight.unanswered)
      .then(() => {
        if (flight.tail !== tail) return
        flight.tail = undefined
        flight.touching = undefined
        this.#forgetEmpty(flight)
      })
    flight.tail = tail
  }

  /** Something was written, or may have been: whoever loaded before is stale. */
  written(flight: Flight): number {
    flight.version = ++this.#clock
    return flight.version
  }

  /** A write was given up that may still happen, perhaps when everybody has left: an end is noted for it. */
  givenUp(id: string): LateWrite {
    const late = { id, ended: false }
    this.#late.add(late)
    const [oldest] = this.#late
    if (oldest && this.#late.size > LATE_MAX) this.#late.delete(oldest)
    return late
  }

  /**
   * A write was carried out, or failed, when nobody waited for it any more.
   *
   * @returns whether the session was ended since it was asked for
   */
  writtenLate(flight: Flight, late: LateWrite): boolean {
    this.#late.delete(late)
    const now = this.#byId.get(flight.id) ?? flight
    this.written(flight)
    if (now !== flight) this.written(now)
    return late.ended || flight.dead
  }

  /** How many ids are held; for tests of leaks. */
  get size(): number {
    return this.#byId.size
  }

  /** Who boards while there is still work to be done must queue behind it. */
  #forgetEmpty(flight: Flight): void {
    if (flight.riders <= 0 && !flight.tail) this.#forget(flight)
  }

  #forget(flight: Flight): void {
    if (this.#byId.get(flight.id) === flight) this.#byId.delete(flight.id)
  }
}

/** A write that was given up and not answered yet. */
export interface LateWrite {
  readonly id: string
  /** The session was ended since. */
  ended: boolean
}

/** Far more than a store in use leaves unanswered; one that loses calls must not fill the memory. */
const LATE_MAX = 1000

function newFlight(id: string, version: number): Flight {
  return { id, riders: 0, version, dead: false, tail: undefined, touching: undefined, unanswered: undefined }
}

const byStore = new WeakMap<Store, Flights>()

/** All middlewares on one store share its flights. */
export function flightsOf(store: Store): Flights {
  let flights = byStore.get(store)
  if (!flights) {
    flights = new Flights()
    byStore.set(store, flights)
  }
  return flights
}
