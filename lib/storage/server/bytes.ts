import { isUtf8 } from 'node:buffer'

/*
 * RESP carries bytes, a `Backend` keeps strings. The mapping between them is exact for every byte string and
 * leaves what is valid UTF-8 as the text that it is, so that a store which opens the same file reads the same
 * JSON. Everything else stands as one byte per character behind U+FFFF, a code point which Unicode promises
 * never to assign; valid UTF-8 which happens to begin with U+FFFF is written in that second form too, so that no two
 * byte strings share a text.
 */
const ESCAPE = '\uffff'

/** Below this length a loop over the bytes is quicker than the calls that validate and decode UTF-8. */
const SHORT = 48

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if ((bytes[i] ?? 0) > 0x7f) return false
  }
  return true
}

/** @returns the text that stands for `bytes[start..end)` */
export function textFromBytes(bytes: Buffer, start = 0, end = bytes.length): string {
  if (end - start <= SHORT && isAscii(bytes, start, end)) return bytes.toString('latin1', start, end)
  const part = bytes.subarray(start, end)
  const escaped = part[0] === 0xef && part[1] === 0xbf && part[2] === 0xbf
  return escaped || !isUtf8(part) ? ESCAPE + part.toString('latin1') : part.toString('utf8')
}

/** @returns whether `text` stands for bytes that are not its UTF-8 */
export function isEscaped(text: string): boolean {
  return text.charCodeAt(0) === 0xffff
}

/** @returns the bytes that `text` stands for; the inverse of `textFromBytes` */
export function bytesFromText(text: string): Buffer {
  return isEscaped(text) ? Buffer.from(text.slice(1), 'latin1') : Buffer.from(text, 'utf8')
}

/** @returns how many bytes `bytesFromText(text)` has, without making them */
export function byteLength(text: string): number {
  return isEscaped(text) ? text.length - 1 : Buffer.byteLength(text, 'utf8')
}

/** @returns one character per byte, for what Redis defines on bytes (glob patterns) */
export function byteString(text: string): string {
  return isEscaped(text) ? text.slice(1) : Buffer.from(text, 'utf8').toString('latin1')
}
