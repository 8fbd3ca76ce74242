import { type Awaitable, ignore, isPromise } from '../../base/async'

/**
 * Work on the same key runs in the order in which it was asked for; work on different keys at the same time, so
 * that one commit to the disk serves the requests of all clients. Work that answers at once, with nothing ahead of
 * it, is never queued.
 */
export class KeyQueue {
  /** The last piece of work on each key that is not done; a tail never rejects. */
  readonly #tails = new Map<string, Promise<unknown>>()
  /** The last work on all keys at once that is not done. */
  #gate: Promise<unknown> | undefined

  /** How many keys have work that is not done. */
  get size(): number {
    return this.#tails.size
  }

  /** The work on this key that was asked for last, if it or something before it is not done. */
  last(key: string): Promise<unknown> | undefined {
    return this.#tails.get(key) ?? this.#gate
  }

  one<T>(key: string, work: () => Awaitable<T>): Awaitable<T> {
    const ahead = this.last(key)
    const result = ahead === undefined ? work() : ahead.then(work)
    if (isPromise(result)) this.#put([key], result)
    return result
  }

  many<T>(keys: readonly string[], work: () => Awaitable<T>): Awaitable<T> {
    const ahead = new Set<Promise<unknown>>()
    if (this.#gate !== undefined) ahead.add(this.#gate)
    if (this.#tails.size > 0) {
      for (const key of keys) {
        const tail = this.#tails.get(key)
        if (tail !== undefined) ahead.add(tail)
      }
    }
    const result = ahead.size === 0 ? work() : Promise.all(ahead).then(work)
    if (isPromise(result)) this.#put(keys, result)
    return result
  }

  /** Runs when everything asked for until now is done, and holds up nothing. */
  after<T>(work: () => Awaitable<T>): Awaitable<T> {
    const ahead = this.#everything()
    return ahead === undefined ? work() : ahead.then(work)
  }

  /** Runs alone: after everything asked for until now, before everything asked for later. */
  alone<T>(work: () => Awaitable<T>): Awaitable<T> {
    const result = this.after(work)
    if (!isPromise(result)) return result
    const gate: Promise<unknown> = result.then(ignore, ignore).then(() => {
      if (this.#gate === gate) this.#gate = undefined
    })
    this.#gate = gate
    // The gate is behind all of them: later work on their keys must wait for the gate, not only for them.
    this.#tails.clear()
    return result
  }

  #everything(): Promise<unknown> | undefined {
    if (this.#tails.size === 0) return this.#gate
    const ahead = new Set(this.#tails.values())
    if (this.#gate !== undefined) ahead.add(this.#gate)
    return Promise.all(ahead)
  }

  #put(keys: readonly string[], result: Promise<unknown>): void {
    const done = (): void => {
      for (const key of keys) {
        if (this.#tails.get(key) === tail) this.#tails.delete(key)
      }
    }
    const tail: Promise<unknown> = result.then(done, done)
    for (const key of keys) this.#tails.set(key, tail)
  }
}
