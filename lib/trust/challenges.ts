import type { Signer } from '../cookie/signature'
import { type Binding, issuedAt, USES_KEPT, type Use } from '../record/trust'
import { Tickets, ticketHead } from './tickets'

/** A challenge outlives the cookie by this: it may have been given with the answer that set the cookie. */
const LONGER_MS = 5 * 60_000

/** What browsers are asked to sign: once for each challenge, and only for the session that it was made for. */
export class Challenges {
  readonly #registrations: Tickets
  readonly #refreshes: Tickets
  readonly #lifetimeMs: number

  /** @param cookieLifetimeMs of the bound cookie */
  constructor(signer: Signer, cookieLifetimeMs: number) {
    this.#registrations = new Tickets(signer.keysFor('registration challenge'))
    this.#refreshes = new Tickets(signer.keysFor('refresh challenge'))
    this.#lifetimeMs = cookieLifetimeMs + LONGER_MS
  }

  forRegistration(sessionId: string, now: number): string {
    return this.#registrations.issue(sessionId, now)
  }

  forRefresh(binding: Binding, now: number): string {
    return this.#refreshes.issue(binding.id, now)
  }

  isForRegistration(challenge: string, sessionId: string, now: number): boolean {
    return this.#isLive(this.#registrations.issuedAt(challenge, sessionId), now)
  }

  /**
   * Whether a challenge is good for a refresh. One that was used is not, nor one from before those uses that the
   * record still knows; an older one that is newer than the last but one use is.
   */
  isForRefresh(challenge: string, binding: Binding, now: number): boolean {
    const at = this.#refreshes.issuedAt(challenge, binding.id)
    if (at === undefined || !this.#isLive(at, now)) return false
    const head = ticketHead(challenge)
    if (binding.used.some((use) => use.challenge === head)) return false
    const oldest = binding.used[USES_KEPT - 1]
    return oldest === undefined || at > issuedAt(oldest)
  }

  #isLive(at: number | undefined, now: number): boolean {
    return at !== undefined && now < at + this.#lifetimeMs
  }
}

/** @returns the binding with one more use of a challenge */
export function usedIn(binding: Binding, challenge: string, by: string): Binding {
  const use: Use = { challenge: ticketHead(challenge), by }
  const used = [use, ...binding.used].sort((a, b) => issuedAt(b) - issuedAt(a)).slice(0, USES_KEPT)
  return { ...binding, used }
}

/** Whether it was this use of the challenge that the store has had first. */
export function wasFirst(binding: Binding | undefined, challenge: string, by: string): boolean {
  const head = ticketHead(challenge)
  return binding?.used.some((use) => use.challenge === head && use.by === by) === true
}
