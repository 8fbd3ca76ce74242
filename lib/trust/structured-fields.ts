/**
 * The header fields of device-bound sessions (W3C DBSC) as structured fields (RFC 9651): those that a browser sends
 * are read, those that it gets are written.
 */

/** Longer values are refused unread: a token with an RSA key of 4096 bits has some 2000 characters. */
export const FIELD_LENGTH_MAX = 8192

/** RFC 9651 section 3.3.3: printable ASCII, of which `"` and `\` are escaped. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/
/** What Chromium sends without quotes: a token of base64url and dots. */
const BARE = /^[A-Za-z0-9._~+/=-]+$/

/**
 * Reads a field whose value is one String. The grammar quotes it; Chromium sends it bare.
 *
 * @returns `undefined`: absent, sent twice, empty, too long, or no such value
 */
export function readStringField(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > FIELD_LENGTH_MAX) return undefined
  const text = value.trim()
  if (BARE.test(text)) return text
  const inner = QUOTED.exec(text)?.[1]
  return inner?.replace(/\\(["\\])/g, '$1') || undefined
}

/** @throws TypeError when the text has characters that no String of RFC 9651 has */
export function writeString(text: string): string {
  if (!/^[ -~]*$/.test(text)) throw new TypeError('a String of RFC 9651 is printable ASCII')
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** @returns the value of `Secure-Session-Registration`: a List of one Inner List of algorithms */
export function registrationField(algorithms: readonly string[], path: string, challenge: string): string {
  return `(${algorithms.join(' ')});path=${writeString(path)};challenge=${writeString(challenge)}`
}

/** @returns the value of `Secure-Session-Challenge` for the binding of this identifier */
export function challengeField(challenge: string, identifier: string): string {
  return `${writeString(challenge)};id=${writeString(identifier)}`
}

/** Why a browser went without refreshing. */
export type SkipReason = 'unreachable' | 'server_error' | 'quota_exceeded'

const SKIPPED = /^(unreachable|server_error|quota_exceeded)[ ]*(?:;|$)/

/**
 * @param identifier of the request's own binding; a browser may tell of others
 * @returns the reason in `Secure-Session-Skipped`, if the browser gives one that is known
 */
export function readSkipped(value: unknown, identifier: string): SkipReason | undefined {
  if (typeof value !== 'string' || value.length > FIELD_LENGTH_MAX) return undefined
  for (const member of value.split(',')) {
    const text = member.trim()
    const reason = SKIPPED.exec(text)?.[1]
    const about = /;\s*session_identifier="?([^";,\s]*)"?/.exec(text)?.[1]
    if (reason && (about === undefined || about === identifier)) return reason as SkipReason
  }
  return undefined
}
