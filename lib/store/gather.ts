/** Taken at load, so that fake timers in an application's tests do not stop its sessions. */
const { setImmediate: later } = require('node:timers') as typeof import('node:timers')

interface Asked<V> {
  resolve: (value: V | undefined) => void
  reject: (cause: unknown) => void
}

/**
 * Gathers what is asked for during one turn of the event loop and fetches it in one go. A lone question leaves at
 * the end of the turn in which it came, microseconds later; under load each round trip carries many.
 */
export class Gather<V> {
  readonly #fetch: (keys: string[]) => Promise<ReadonlyMap<string, V>>
  readonly #atMost: number
  #asked = new Map<string, Array<Asked<V>>>()

  /** @param fetch gives what it finds; keys that it leaves out are answered with `undefined` */
  constructor(fetch: (keys: string[]) => Promise<ReadonlyMap<string, V>>, atMost: number) {
    this.#fetch = fetch
    this.#atMost = atMost
  }

  get(key: string): Promise<V | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#asked.size === 0) later(() => this.#send())
      const waiting = this.#asked.get(key)
      if (waiting) waiting.push({ resolve, reject })
      else this.#asked.set(key, [{ resolve, reject }])
      if (this.#asked.size >= this.#atMost) this.#send()
    })
  }

  #send(): void {
    const asked = this.#asked
    if (asked.size === 0) return
    this.#asked = new Map()
    this.#fetch([...asked.keys()]).then(
      (found) => {
        for (const [key, waiting] of asked) for (const { resolve } of waiting) resolve(found.get(key))
      },
      (cause) => {
        for (const waiting of asked.values()) for (const { reject } of waiting) reject(cause)
      },
    )
  }
}
