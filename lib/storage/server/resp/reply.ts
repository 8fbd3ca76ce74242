import { byteLength, bytesFromText, isEscaped } from '../bytes'

/** A RESP simple string, such as `OK`. */
export class SimpleString {
  constructor(readonly text: string) {}
}

/** An error reply. Its first word is the code that clients look at, such as `ERR` or `NOAUTH`. */
export class Failure {
  constructor(readonly message: string) {}
}

/** A map in RESP 3; in RESP 2 its names and values in one array. */
export class Fields {
  constructor(readonly pairs: ReadonlyArray<readonly [string, Reply]>) {}
}

/** Text meant for people (`INFO`): a verbatim string in RESP 3, a bulk string in RESP 2. */
export class Verbatim {
  constructor(readonly text: string) {}
}

/** A string is a bulk string (in the mapping of `bytes.ts`), a number an integer, `null` the absent value. */
export type Reply = string | number | null | SimpleString | Failure | Fields | Verbatim | readonly Reply[]

export type RespVersion = 2 | 3

export const OK = new SimpleString('OK')

/** What a status or an error says stands on one line, whatever a client managed to get into it. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ')
}

/** Text in the encoding in which it is written, or bytes. */
export type Piece = { readonly text: string; readonly encoding: 'latin1' | 'utf8' } | Buffer

/**
 * Encodes replies into as few pieces as it can: text as long as it is text, and a `Buffer` for each binary value.
 * Text that is ASCII is written as latin1, which is a copy of its bytes where UTF-8 has to look at each.
 */
export class ReplyWriter {
  #text = ''
  #ascii = true
  readonly #pieces: Piece[] = []
  #pieceBytes = 0

  /** About how many bytes wait to be taken; exact but for text beyond ASCII. */
  get pendingBytes(): number {
    return this.#pieceBytes + this.#text.length
  }

  /** @returns what was written since the last call, in order */
  take(): Piece[] {
    this.#cut()
    const taken = this.#pieces.slice()
    this.#pieces.length = 0
    this.#pieceBytes = 0
    return taken
  }

  write(reply: Reply, version: RespVersion): void {
    if (typeof reply === 'string') {
      this.#bulk(reply)
    } else if (typeof reply === 'number') {
      this.#text += `:${reply}\r\n`
    } else if (reply === null) {
      this.#text += version === 3 ? '_\r\n' : '$-1\r\n'
    } else if (reply instanceof SimpleString) {
      this.#line('+', reply.text)
    } else if (reply instanceof Failure) {
      this.#line('-', reply.message)
    } else if (reply instanceof Verbatim) {
      if (version === 2) {
        this.#bulk(reply.text)
      } else {
        this.#ascii = false
        this.#text += `=${byteLength(reply.text) + 4}\r\ntxt:${reply.text}\r\n`
      }
    } else if (reply instanceof Fields) {
      const { pairs } = reply
      this.#text += version === 3 ? `%${pairs.length}\r\n` : `*${pairs.length * 2}\r\n`
      for (const [name, value] of pairs) {
        this.#bulk(name)
        this.write(value, version)
      }
    } else {
      this.#text += `*${reply.length}\r\n`
      for (const item of reply) this.write(item, version)
    }
  }

  #line(type: '+' | '-', text: string): void {
    if (text !== 'OK') this.#ascii = false
    this.#text += `${type}${oneLine(text)}\r\n`
  }

  #bulk(value: string): void {
    const length = byteLength(value)
    if (isEscaped(value)) {
      this.#text += `$${length}\r\n`
      this.#cut()
      const bytes = bytesFromText(value)
      this.#pieces.push(bytes)
      this.#pieceBytes += bytes.length
      this.#text = '\r\n'
    } else {
      if (length !== value.length) this.#ascii = false
      this.#text += `$${length}\r\n${value}\r\n`
    }
  }

  #cut(): void {
    if (this.#text === '') return
    this.#pieces.push({ text: this.#text, encoding: this.#ascii ? 'latin1' : 'utf8' })
    this.#pieceBytes += this.#text.length
    this.#text = ''
    this.#ascii = true
  }
}
