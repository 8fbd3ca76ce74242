import { createHash } from 'node:crypto'
import uid from 'uid-safe'

/** Random bytes of an id: 192 bits, as live express-session cookies have (ASVS 7.2.3 asks for 128). */
const ID_BYTES = 24

/** Longer ids would bring the cookie near the 4096 bytes that browsers keep (RFC 6265bis section 5.6). */
export const ID_LENGTH_MAX = 512

/**
 * Begins the store keys of hashed ids. No session id begins with it: a key that was read in the store must not open
 * anything when it comes back as an id.
 */
export const HASHED = 'hashed:'

/** @returns 32 characters of base64url from the system's CSPRNG */
export function generateId(): string {
  return uid.sync(ID_BYTES)
}

/**
 * Whether a string may be shown to a store as a session id: bounded, no key of a hashed id, and without the control
 * characters that keys, logs and protocols choke on (OWASP Session Management: validate the id before using it).
 */
export function isUsableId(id: unknown): id is string {
  if (typeof id !== 'string' || id.length === 0 || id.length > ID_LENGTH_MAX) return false
  if (id.startsWith(HASHED)) return false
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i)
    if (code < 0x21 || code === 0x7f) return false
    // Half of a surrogate pair has no UTF-8, and so no percent-encoding in a cookie.
    if (code >= 0xd800 && code <= 0xdfff && /\p{Surrogate}/u.test(id)) return false
  }
  return true
}

/**
 * What stands for an id in logs, events and errors: enough of its SHA-256 to tell sessions apart, nothing that
 * could be sent back as a cookie.
 */
export function fingerprint(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 12)
}
