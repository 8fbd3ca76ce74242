import { type Piece, type Reply, ReplyWriter, type RespVersion } from './resp/reply'

/** A place in the order of replies, kept for one whose work is under way. */
interface Slot {
  readonly version: RespVersion
  reply: Reply | undefined
}

/** How many written slots are carried along before the list is cut. */
const CUT_AT = 256

/** Replies leave in the order of their requests, in the protocol version that held when their request began. */
export class ReplyQueue {
  readonly #writer = new ReplyWriter()
  readonly #slots: Slot[] = []
  #first = 0
  #waitingBytes = 0

  /** Requests that have begun and are not written. */
  get pending(): number {
    return this.#slots.length - this.#first
  }

  /** About how many bytes of replies are held here. */
  get heldBytes(): number {
    return this.#waitingBytes + this.#writer.pendingBytes
  }

  /** Puts a reply that is there already in its turn. */
  place(reply: Reply, version: RespVersion): void {
    if (this.pending === 0) {
      this.#writer.write(reply, version)
      return
    }
    this.#slots.push({ version, reply })
    this.#waitingBytes += weight(reply)
  }

  /** Keeps a place. @returns what to call with the reply */
  reserve(version: RespVersion): (reply: Reply) => void {
    const slot: Slot = { version, reply: undefined }
    this.#slots.push(slot)
    return (reply) => {
      slot.reply = reply
      this.#waitingBytes += weight(reply)
      this.#advance()
    }
  }

  /** @returns what may leave now */
  take(): Piece[] {
    return this.#writer.take()
  }

  #advance(): void {
    for (;;) {
      const slot = this.#slots[this.#first]
      if (slot?.reply === undefined) break
      this.#writer.write(slot.reply, slot.version)
      this.#waitingBytes -= weight(slot.reply)
      this.#first++
    }
    if (this.#first === this.#slots.length || this.#first >= CUT_AT) {
      this.#slots.splice(0, this.#first)
      this.#first = 0
    }
  }
}

/** About how many bytes a reply holds in memory until it may leave. */
function weight(reply: Reply): number {
  if (typeof reply === 'string') return reply.length + 16
  if (!Array.isArray(reply)) return 16
  return (reply as readonly Reply[]).reduce<number>((sum, item) => sum + weight(item), 16)
}
