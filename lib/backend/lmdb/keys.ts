import { createHash } from 'node:crypto'

/**
 * How a name (a store key, an owner) stands in LMDB, whose keys are 1 to 1978 bytes. A name of up to 255 UTF-8
 * bytes stands as itself. Any other (empty, longer, with a lone surrogate) stands as 0xFF and its SHA-256, and
 * the record carries the name in full; 0xFF begins no UTF-8 text, so the two kinds cannot meet.
 */
export type Token = string | Uint8Array

const MAX_PLAIN_BYTES = 255
const HASHED = 0xff
const LAST_MS = 2 ** 48 - 1

/** Node has it since 20; the ES2022 library of the compiler does not know it. */
export const isWellFormed = (text: string): boolean =>
  (text as unknown as { isWellFormed(): boolean }).isWellFormed()

export function tokenOf(name: string): Token {
  const { length } = name
  // At most three bytes a code unit: short names need no count.
  const fits = length * 3 <= MAX_PLAIN_BYTES || Buffer.byteLength(name) <= MAX_PLAIN_BYTES
  if (length > 0 && fits && isWellFormed(name)) return name
  const digest = createHash('sha256').update(name, 'utf16le').digest()
  return Buffer.concat([Buffer.of(HASHED), digest])
}

/** `false`: the record has to carry the name. */
export const isPlain = (token: Token): token is string => typeof token === 'string'

/** @returns the name, or `undefined` when these bytes are of a hashed one */
export function nameOf(bytes: Buffer): string | undefined {
  return bytes[0] === HASHED ? undefined : bytes.toString()
}

/** Given to lmdb: names are written straight into its buffer, composite keys are bytes already. */
export const tokenCodec = {
  writeKey(token: Token, target: Buffer, start: number): number {
    if (typeof token === 'string') return start + target.write(token, start)
    target.set(token, start)
    return start + token.length
  },
  readKey: (source: Uint8Array, start: number, end: number): Buffer =>
    Buffer.from(Uint8Array.prototype.slice.call(source, start, end)),
}

const bytesOf = (token: Token): Uint8Array => (isPlain(token) ? Buffer.from(token) : token)

/** First key after all that begin with `prefix`; `undefined`: there is none. */
export function endOf(prefix: Uint8Array): Buffer | undefined {
  for (let last = prefix.length - 1; last >= 0; last--) {
    const byte = prefix[last]
    if (byte === undefined || byte === 0xff) continue
    const end = Buffer.from(prefix.subarray(0, last + 1))
    end[last] = byte + 1
    return end
  }
  return undefined
}

/** The millisecond under which a deadline is indexed: the first at which it has passed. */
export const indexMs = (expires: number): number => Math.min(Math.max(Math.ceil(expires), 0), LAST_MS)

/** Sorts by deadline: six bytes of milliseconds, then the token of the record. */
export function expiryKey(atMs: number, token: Token): Buffer {
  const name = bytesOf(token)
  const key = Buffer.allocUnsafe(6 + name.length)
  key.writeUIntBE(atMs, 0, 6)
  key.set(name, 6)
  return key
}

export const expiryKeyMs = (key: Buffer): number => key.readUIntBE(0, 6)
export const expiryKeyToken = (key: Buffer): Buffer => key.subarray(6)

/** What all index keys of this owner begin with: its length, then itself, so that no owner is a prefix of another. */
export function ownerPrefix(owner: string): Buffer {
  const name = bytesOf(tokenOf(owner))
  return Buffer.concat([Buffer.of(name.length), name])
}

export const ownerKey = (owner: string, token: Token): Buffer =>
  Buffer.concat([ownerPrefix(owner), bytesOf(token)])
