import type { Awaitable } from '../../base/async'
import { timers } from '../../base/timers'

interface Waiting {
  readonly check: () => boolean
  readonly isGone: () => boolean
  readonly resolve: (right: boolean) => void
}

/**
 * Slows down guessing: after a wrong password, the next one from the same address is looked at only when a pause is
 * over. Right ones go on without a pause between them. Other addresses are not affected, nor are clients that have
 * authenticated already.
 */
export class PasswordGate {
  readonly #pauseMs: number
  /** Addresses in their pause, and who waits for its end. An entry lives no longer than that. */
  readonly #paused = new Map<string, Waiting[]>()

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs
  }

  /**
   * @param check says whether the password is right
   * @param isGone says whether nobody waits for the answer any more
   */
  pass(address: string, check: () => boolean, isGone: () => boolean): Awaitable<boolean> {
    const network = networkOf(address)
    const waiting = this.#paused.get(network)
    if (waiting !== undefined) return new Promise((resolve) => waiting.push({ check, isGone, resolve }))
    const right = check()
    if (!right) this.#pause(network, [])
    return right
  }

  #pause(network: string, waiting: Waiting[]): void {
    this.#paused.set(network, waiting)
    timers.setTimeout(() => this.#goOn(network, waiting), this.#pauseMs).unref()
  }

  #goOn(network: string, waiting: Waiting[]): void {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const right = !next.isGone() && next.check()
      next.resolve(right)
      if (right || next.isGone()) continue
      this.#pause(network, waiting)
      return
    }
    this.#paused.delete(network)
  }
}

/** @returns an IPv4 address as it is, of an IPv6 address the /64 that one subscriber has (RFC 6177) */
export function networkOf(address: string): string {
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1)
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) while (groups.length < 4) groups.push('0')
  return groups.slice(0, 4).join(':')
}
