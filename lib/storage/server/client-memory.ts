/** Less is not counted: so much of each client is bounded by the number of clients. */
const UNCOUNTED_BYTES = 64 * 1024

interface Client {
  destroy(): void
}

/**
 * Bounds what all clients together make the server hold: parts of requests, and answers that are not read. One value may
 * be as large as a request, so a bound for each client alone is none for many. Beyond the bound the client that holds
 * most is let go, as by `maxmemory-clients` of Redis.
 */
export class ClientMemory {
  readonly #maxBytes: number
  readonly #held = new Map<Client, number>()
  #total = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @param bytes what this client holds now */
  note(client: Client, bytes: number): void {
    const before = this.#held.get(client) ?? 0
    const counted = bytes > UNCOUNTED_BYTES ? bytes : 0
    if (counted === before) return
    if (counted === 0) this.#held.delete(client)
    else this.#held.set(client, counted)
    this.#total += counted - before
    while (this.#total > this.#maxBytes) this.#dropLargest()
  }

  #dropLargest(): void {
    let [largest, most]: [Client | undefined, number] = [undefined, 0]
    for (const [client, bytes] of this.#held) if (bytes > most) [largest, most] = [client, bytes]
    if (largest === undefined) return
    this.#held.delete(largest)
    this.#total -= most
    largest.destroy()
  }
}
