import type { Entry } from '../contract'
import { isWellFormed } from './keys'

/**
 * A record as bytes: deadline (double), the deadline it is indexed under (double, Infinity: not indexed), flags,
 * then owner and full key if the flags say so, each as length, encoding and text, then the body to the end.
 *
 * Any string survives: ASCII is kept one byte a character, other text as UTF-8, and what is no text at all (lone
 * surrogates) as UTF-16.
 */
const HEADER_BYTES = 17
const ENCODING = 0b0011
const HAS_OWNER = 0b0100
const HAS_KEY = 0b1000
const ASCII = 0
const UTF8 = 1
const UTF16 = 2
const NODE_ENCODING: readonly BufferEncoding[] = ['latin1', 'utf8', 'utf16le']

export interface StoredEntry extends Entry {
  /** The deadline under which the expiry index lists it. It may be earlier than `expires`, never later. */
  readonly indexedAt: number
  /** The full key of a record that stands under a hash of it. */
  readonly key?: string | undefined
}

function encodingOf(text: string, utf8Bytes: number): number {
  if (utf8Bytes === text.length) return ASCII
  return isWellFormed(text) ? UTF8 : UTF16
}

const bytesIn = (text: string, encoding: number, utf8Bytes: number): number =>
  encoding === UTF16 ? text.length * 2 : utf8Bytes

function writeText(target: Buffer, text: string, encoding: number, at: number): number {
  return at + target.write(text, at, NODE_ENCODING[encoding])
}

function readText(source: Buffer, encoding: number, start: number, end: number): string {
  return source.toString(NODE_ENCODING[encoding], start, end)
}

interface Field {
  text: string
  encoding: number
  bytes: number
}

function field(text: string): Field {
  const utf8Bytes = Buffer.byteLength(text)
  const encoding = encodingOf(text, utf8Bytes)
  return { text, encoding, bytes: bytesIn(text, encoding, utf8Bytes) }
}

function writeField(target: Buffer, { text, encoding, bytes }: Field, at: number): number {
  target.writeUInt32LE(bytes, at)
  target[at + 4] = encoding
  return writeText(target, text, encoding, at + 5)
}

export function encodeEntry({ body, expires, owner, indexedAt, key }: StoredEntry): Buffer {
  const text = field(body)
  const named = owner === undefined ? undefined : field(owner)
  const keyed = key === undefined ? undefined : field(key)
  const size = HEADER_BYTES + (named ? 5 + named.bytes : 0) + (keyed ? 5 + keyed.bytes : 0) + text.bytes
  const bytes = Buffer.allocUnsafe(size)
  bytes.writeDoubleLE(expires, 0)
  bytes.writeDoubleLE(indexedAt, 8)
  bytes[16] = text.encoding | (named ? HAS_OWNER : 0) | (keyed ? HAS_KEY : 0)
  let at = HEADER_BYTES
  if (named) at = writeField(bytes, named, at)
  if (keyed) at = writeField(bytes, keyed, at)
  writeText(bytes, body, text.encoding, at)
  return bytes
}

/** A window on what lmdb read last: valid until the next read, so take what you need at once. */
export class EntryView {
  readonly #bytes: Buffer
  readonly #size: number

  constructor(bytes: Uint8Array) {
    // lmdb's reused buffer claims a `length` of its own; anything else may be a bare Uint8Array over the map.
    this.#size = bytes.length
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get expires(): number {
    return this.#bytes.readDoubleLE(0)
  }

  get indexedAt(): number {
    return this.#bytes.readDoubleLE(8)
  }

  get owner(): string | undefined {
    return this.#flags & HAS_OWNER ? this.#field(HEADER_BYTES) : undefined
  }

  get key(): string | undefined {
    if (!(this.#flags & HAS_KEY)) return undefined
    return this.#field(this.#flags & HAS_OWNER ? this.#after(HEADER_BYTES) : HEADER_BYTES)
  }

  get body(): string {
    return readText(this.#bytes, this.#flags & ENCODING, this.#bodyStart, this.#size)
  }

  toEntry(): Entry {
    const { owner } = this
    return owner === undefined
      ? { body: this.body, expires: this.expires }
      : { body: this.body, expires: this.expires, owner }
  }

  /** The same record with other times: the body is copied as bytes, never decoded. */
  moved(expires: number, indexedAt: number): Buffer {
    const copy = Buffer.allocUnsafe(this.#size)
    copy.set(new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#size))
    copy.writeDoubleLE(expires, 0)
    copy.writeDoubleLE(indexedAt, 8)
    return copy
  }

  get #flags(): number {
    return this.#bytes[16] ?? 0
  }

  get #bodyStart(): number {
    let at = HEADER_BYTES
    if (this.#flags & HAS_OWNER) at = this.#after(at)
    if (this.#flags & HAS_KEY) at = this.#after(at)
    return at
  }

  #after(at: number): number {
    return at + 5 + this.#bytes.readUInt32LE(at)
  }

  #field(at: number): string {
    return readText(this.#bytes, this.#bytes[at + 4] ?? ASCII, at + 5, this.#after(at))
  }
}
