import { ignore } from '../base/async'
import { LINK, type SessionRequest } from '../session/session'
import type { Store } from '../session/store'

/** What all middlewares on one store share: whether it is connected, and which of them makes its sessions. */
class StoreState {
  up = true
  readonly #listeners = new Set<(up: boolean) => void>()
  #fallback: (req: SessionRequest) => void = ignore

  constructor(store: Store) {
    // One pair of listeners, however many middlewares. Some stores return nothing from `on`: no chaining.
    store.on('disconnect', () => this.#turn(false))
    store.on('connect', () => this.#turn(true))
    // `store.generate(req)` is express-session's way to make a session. The request knows which middleware it
    // belongs to; one that has passed none gets the session of the last middleware.
    store.generate = (req) => {
      const link = req[LINK]
      if (link) link.generate()
      else this.#fallback(req)
    }
  }

  join(onTurn: (up: boolean) => void, generate: (req: SessionRequest) => void): void {
    this.#listeners.add(onTurn)
    this.#fallback = generate
  }

  #turn(up: boolean): void {
    if (this.up === up) return
    this.up = up
    for (const listener of this.#listeners) listener(up)
  }
}

const states = new WeakMap<Store, StoreState>()

export function stateOf(store: Store): StoreState {
  let state = states.get(store)
  if (!state) {
    state = new StoreState(store)
    states.set(store, state)
  }
  return state
}
