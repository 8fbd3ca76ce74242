/** An error reply of the server: it has answered, and the connection is fine. */
export class ReplyError extends Error {}

/** What comes on the wire is not RESP 2. The connection cannot be used any further. */
class BadReply extends Error {}

export type ClientReply = string | number | null | ReplyError

const CR = 13
/** No status, error or number of an honest server is longer. */
const MAX_LINE_BYTES = 64 * 1024
const LENGTH = /^(-1|\d{1,9})$/

/**
 * Takes bytes as they come and gives whole replies of RESP 2. Lists are no part of it: the session store asks for
 * nothing that is answered with one.
 */
export class ReplyParser {
  #chunks: Buffer[] = []
  #have = 0
  #need = 1

  /** @throws BadReply */
  push(chunk: Buffer): ClientReply[] {
    this.#chunks.push(chunk)
    this.#have += chunk.length
    const replies: ClientReply[] = []
    if (this.#have < this.#need) return replies
    const data = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    let at = 0
    for (;;) {
      const end = this.#read(data, at, replies)
      if (end < 0) break
      at = end
    }
    const rest = data.subarray(at)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#have = rest.length
    return replies
  }

  /** @returns where the reply ends that begins at `at`; -1: it is not all there, and `#need` says how much would be */
  #read(data: Buffer, at: number, replies: ClientReply[]): number {
    this.#need = data.length - at + 1
    const lineEnd = data.indexOf(CR, at)
    if (lineEnd < 0 && data.length - at > MAX_LINE_BYTES) throw new BadReply('a line without end')
    if (lineEnd < 0 || lineEnd + 1 >= data.length) return -1
    const line = data.toString('utf8', at + 1, lineEnd)
    const next = lineEnd + 2
    switch (data[at]) {
      case 0x2b: // +
        replies.push(line)
        return next
      case 0x2d: // -
        replies.push(new ReplyError(line))
        return next
      case 0x3a: // :
        replies.push(Number(line))
        return next
      case 0x24: {
        // $
        if (!LENGTH.test(line)) throw new BadReply('a bulk string without a length')
        const length = Number(line)
        if (length < 0) {
          replies.push(null)
          return next
        }
        if (data.length < next + length + 2) {
          this.#need = next - at + length + 2
          return -1
        }
        replies.push(data.toString('utf8', next, next + length))
        return next + length + 2
      }
      default:
        throw new BadReply('not a reply of a storage server')
    }
  }
}
