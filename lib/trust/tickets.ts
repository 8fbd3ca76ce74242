import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * Short-lived values that carry their own proof: challenges, and the value of the bound cookie. A ticket is
 * `time.nonce.mac`: nothing of it is kept, so every process with the secret knows it, also after a restart.
 */
export class Tickets {
  readonly #keys: readonly KeyObject[]

  /** @param keys for this purpose alone; the first makes, all verify */
  constructor(keys: readonly KeyObject[]) {
    this.#keys = keys
  }

  /** @param subject what the ticket is good for; not in it */
  issue(subject: string, now: number): string {
    const [first] = this.#keys
    if (!first) throw new TypeError('tickets have at least one key')
    const head = `${now.toString(36)}.${randomBytes(NONCE_BYTES).toString('base64url')}`
    return `${head}.${macOf(first, head, subject).toString('base64url')}`
  }

  /** @returns epoch ms at which it was issued for this subject; `undefined`: it never was */
  issuedAt(ticket: string, subject: string): number | undefined {
    const parts = TICKET.exec(ticket)
    if (!parts) return undefined
    const [, head = '', time = '', mac = ''] = parts
    const given = Buffer.from(mac, 'base64url')
    let isOurs = false
    for (const key of this.#keys) {
      const wanted = macOf(key, head, subject)
      if (given.length === wanted.length && timingSafeEqual(given, wanted)) isOurs = true
    }
    return isOurs ? Number.parseInt(time, 36) : undefined
  }
}

const NONCE_BYTES = 12
const TICKET = /^(([0-9a-z]{1,10})\.[A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{43})$/

function macOf(key: KeyObject, head: string, subject: string): Buffer {
  return createHmac('sha256', key).update(head).update('\0').update(subject).digest()
}

/** @returns what of a ticket tells it from others of its subject: its time and nonce */
export function ticketHead(ticket: string): string {
  return ticket.slice(0, ticket.lastIndexOf('.'))
}
