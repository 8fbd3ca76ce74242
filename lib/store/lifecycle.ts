import type { SessionEventName, SessionEvents } from '../base/events'

/** A middleware or an engine, as the store sees it. */
export interface Listener {
  /** The emitter that it tells through: one that is made anew over the same emitter takes its place. */
  readonly events: object
  /** Whether it would tell anybody. */
  hears(name: SessionEventName): boolean
  /** Tells of what the store did by itself or was asked directly. */
  hear<N extends SessionEventName>(name: N, event: () => SessionEvents[N]): void
}

/** Who is told of beginnings and ends of sessions that no request has caused. */
export class Lifecycle {
  readonly #listeners = new Map<object, Listener>()

  join(listener: Listener): void {
    this.#listeners.set(listener.events, listener)
  }

  /** Whether anybody listens, where telling costs something. */
  hears(name: SessionEventName): boolean {
    for (const listener of this.#listeners.values()) if (listener.hears(name)) return true
    return false
  }

  tell<N extends SessionEventName>(name: N, event: () => SessionEvents[N]): void {
    for (const listener of this.#listeners.values()) listener.hear(name, event)
  }
}
