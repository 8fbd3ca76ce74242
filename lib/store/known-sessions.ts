import type { Entry, StoreKey } from '../backend/contract'
import { systemClock } from '../base/clock'
import { Deadlines } from './deadlines'

/** What a feed knows of a session that is watched, to see what has become of it. */
export interface Known {
  /** The record as it was read last; `undefined`: only its digest is kept. */
  body: string | undefined
  digest: number
  /** Epoch ms. It may have been moved on since; it is looked up when it has come. */
  expires: number
  owner: string | undefined
  /** The nearest moment for which the deadlines have it. */
  due: number
}

/** The sessions that are watched, as they were when they were read last. */
export class KnownSessions {
  readonly #byKey = new Map<StoreKey, Known>()
  readonly #deadlines: Deadlines<StoreKey>

  /** @param lapsed told of a session whose time may be over */
  constructor(lapsed: (key: StoreKey) => void) {
    this.#deadlines = new Deadlines((key, at) => {
      const known = this.#byKey.get(key)
      if (known?.due !== at) return
      known.due = Infinity
      if (known.expires > systemClock()) this.#wait(key, known)
      else lapsed(key)
    })
  }

  get(key: StoreKey): Known | undefined {
    return this.#byKey.get(key)
  }

  has(key: StoreKey): boolean {
    return this.#byKey.has(key)
  }

  keys(): Iterable<StoreKey> {
    return this.#byKey.keys()
  }

  /** @param keepsBody whether its last data are wanted, which weigh what they weigh; else a number is kept */
  put(key: StoreKey, { body, expires }: Entry, owner: string | undefined, keepsBody: boolean): void {
    let known = this.#byKey.get(key)
    if (!known) {
      known = { body: undefined, digest: 0, expires, owner, due: Infinity }
      this.#byKey.set(key, known)
    }
    known.body = keepsBody ? body : undefined
    known.digest = keepsBody ? 0 : digestOf(body)
    known.owner = owner
    known.expires = expires
    this.#wait(key, known)
  }

  /** Another deadline and nothing else. */
  move(key: StoreKey, known: Known, expires: number): void {
    known.expires = expires
    this.#wait(key, known)
  }

  delete(key: StoreKey): void {
    this.#byKey.delete(key)
  }

  clear(): void {
    this.#byKey.clear()
    this.#deadlines.clear()
  }

  #wait(key: StoreKey, known: Known): void {
    // By the clock of the store it may live a moment longer than by ours.
    const at = Math.max(known.expires, systemClock() + 1)
    if (at >= known.due) return
    known.due = at
    this.#deadlines.add(key, at)
  }
}

export function isSameBody(known: Known, body: string): boolean {
  return known.body === undefined ? known.digest === digestOf(body) : known.body === body
}

/** 53 bits of a text, to see that it is another: cyrb53, two multiplications a character. */
function digestOf(text: string): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}
