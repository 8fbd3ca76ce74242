import { textFromBytes } from '../bytes'

/** The input is not RESP, or is larger than the limits allow. The connection cannot be used any further. */
export class ProtocolError extends Error {}

export interface RequestLimits {
  /** Bytes of all arguments of one request together, each counted with 16 more for what it costs here. */
  maxRequestBytes: number
  /** How many arguments one request may have, the command's name included. */
  maxArguments: number
}

/** Redis' `PROTO_INLINE_MAX_SIZE`: the longest line without its end. */
const MAX_LINE_BYTES = 64 * 1024
/** Enough for any length that a header may carry; a longer one is no number. */
const MAX_DIGITS = 10
const ARGUMENT_OVERHEAD_BYTES = 16

const CR = 13
const LF = 10
const ASTERISK = 42
const DOLLAR = 36
const MINUS = 45
const ZERO = 48

/** Redis splits an inline request at the characters of C's isspace and at zeros. */
const WORDS = /[^ \t\r\n\v\f\0]+/g
const QUOTES = /["']/

const EMPTY = Buffer.alloc(0)

/** A header whose end has not come yet. */
const INCOMPLETE = NaN

/**
 * Takes bytes as they come and gives whole requests: RESP arrays of bulk strings, or inline commands. It keeps
 * its place inside a request, so that input which comes byte by byte costs no more than input which comes at once;
 * a large argument is put together once, when all of it is there.
 *
 * Pull, not push: who reads decides when the next request is taken, and stops the socket meanwhile.
 */
export class RequestParser {
  #data: Buffer = EMPTY
  #at = 0
  /** What came while more than `data` was needed, and how many bytes all of it has. */
  readonly #waiting: Buffer[] = []
  #have = 0
  #need = 0

  #args: string[] = []
  #missing = 0
  #bulkBytes = -1
  #requestBytes = 0

  constructor(public limits: Readonly<RequestLimits>) {}

  /** Whether a request has begun whose end has not come. */
  get midRequest(): boolean {
    return this.#missing > 0 || this.#have > 0 || this.#at < this.#data.length
  }

  /** Bytes that are kept for a request whose end has not come. */
  get heldBytes(): number {
    return this.#data.length + this.#have
  }

  push(chunk: Buffer): void {
    if (this.#have === 0 && this.#at >= this.#data.length) {
      this.#data = chunk
      this.#at = 0
      return
    }
    if (this.#have === 0) {
      const rest = this.#data.subarray(this.#at)
      this.#waiting.push(rest)
      this.#have = rest.length
    }
    this.#waiting.push(chunk)
    this.#have += chunk.length
  }

  /**
   * @returns the next whole request, at least one argument; `undefined` when more bytes are needed
   * @throws ProtocolError in Redis' words
   */
  next(): string[] | undefined {
    if (this.#have > 0) {
      if (this.#have < this.#need) return undefined
      this.#data = Buffer.concat(this.#waiting)
      this.#at = 0
      this.#waiting.length = 0
      this.#have = 0
    }
    this.#need = 0
    while (this.#missing === 0) {
      if (this.#at >= this.#data.length) {
        // An idle connection does not hold on to the last large request.
        this.#data = EMPTY
        this.#at = 0
        return undefined
      }
      if (this.#data[this.#at] !== ASTERISK) {
        const words = this.#inline()
        if (words === undefined || words.length > 0) return words
        continue
      }
      const count = this.#header('invalid multibulk length')
      if (Number.isNaN(count)) return undefined
      if (count > this.limits.maxArguments) throw new ProtocolError('invalid multibulk length')
      this.#missing = Math.max(count, 0)
      this.#args = []
      this.#requestBytes = 0
    }
    while (this.#missing > 0) {
      if (!this.#argument()) return undefined
      this.#missing--
    }
    const args = this.#args
    this.#args = []
    return args
  }

  #argument(): boolean {
    if (this.#bulkBytes < 0) {
      if (this.#at >= this.#data.length) return false
      const type = this.#data[this.#at]
      if (type !== DOLLAR) {
        const shown = String.fromCharCode(type ?? 0).replace(/[^ -~]/, '?')
        throw new ProtocolError(`expected '$', got '${shown}'`)
      }
      const length = this.#header('invalid bulk length')
      if (Number.isNaN(length)) return false
      this.#requestBytes += length + ARGUMENT_OVERHEAD_BYTES
      if (length < 0 || this.#requestBytes > this.limits.maxRequestBytes) {
        throw new ProtocolError('invalid bulk length')
      }
      this.#bulkBytes = length
    }
    const end = this.#at + this.#bulkBytes
    if (this.#data.length < end + 2) {
      this.#need = this.#bulkBytes + 2
      return false
    }
    // Redis skips these two unseen. A client that miscounts would be understood as sending other commands.
    if (this.#data[end] !== CR || this.#data[end + 1] !== LF) throw new ProtocolError('invalid bulk length')
    this.#args.push(textFromBytes(this.#data, this.#at, end))
    this.#at = end + 2
    this.#bulkBytes = -1
    return true
  }

  /** Reads `*12\r\n` or `$12\r\n`. @returns the number, or `INCOMPLETE` with nothing consumed */
  #header(wrong: string): number {
    const data = this.#data
    let i = this.#at + 1
    const negative = data[i] === MINUS
    if (negative) i++
    const firstDigit = i
    let value = 0
    for (; ; i++) {
      const c = data[i]
      if (c === undefined) return INCOMPLETE
      if (c === CR) break
      const digit = c - ZERO
      if (digit < 0 || digit > 9 || i - firstDigit >= MAX_DIGITS) throw new ProtocolError(wrong)
      value = value * 10 + digit
    }
    if (i === firstDigit) throw new ProtocolError(wrong)
    if (i + 1 >= data.length) return INCOMPLETE
    if (data[i + 1] !== LF) throw new ProtocolError(wrong)
    this.#at = i + 2
    return negative ? -value : value
  }

  /**
   * A line typed by a person (telnet, netcat): words between spaces. Redis' quoting is refused, not misread: what needs it
   * is sent as an array, as all clients do.
   *
   * @returns the words of one line, none for an empty one; `undefined` when its end has not come
   */
  #inline(): string[] | undefined {
    const end = this.#data.indexOf(LF, this.#at)
    const length = (end < 0 ? this.#data.length : end) - this.#at
    if (length > Math.min(MAX_LINE_BYTES, this.limits.maxRequestBytes)) {
      throw new ProtocolError('too big inline request')
    }
    if (end < 0) return undefined
    const line = this.#data.toString('latin1', this.#at, end)
    if (QUOTES.test(line)) throw new ProtocolError('quotes in inline request')
    const words = line.match(WORDS) ?? []
    if (words.length > this.limits.maxArguments) throw new ProtocolError('too big inline request')
    this.#at = end + 1
    return words.map((word) => textFromBytes(Buffer.from(word, 'latin1')))
  }
}
