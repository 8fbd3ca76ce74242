import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

/** The algorithms that a browser is offered, in the order of preference (RFC 7518 section 3.1). */
export const ALGORITHMS = ['ES256', 'RS256'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** A device's public key: what of a JWK (RFC 7517) the algorithm needs, and nothing else. */
export interface DeviceKey {
  readonly algorithm: Algorithm
  /** ES256: `x.y`; RS256: `n.e`; base64url. */
  readonly text: string
}

const P256_LENGTH = 43
/** RFC 7518 section 3.3: at least 2048 bits. More than 4096 would only cost time. */
const RSA_BYTES_MIN = 256
const RSA_BYTES_MAX = 512

/**
 * Reads the `jwk` of a registration.
 *
 * @returns `undefined`: it is no public key for this algorithm
 */
export function readJwk(jwk: unknown, algorithm: Algorithm): DeviceKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const member = (name: string): unknown =>
    Object.hasOwn(jwk, name) ? (jwk as Record<string, unknown>)[name] : undefined
  // A private key that was sent is no secret any more.
  if (member('d') !== undefined) return undefined
  const isElliptic = algorithm === 'ES256'
  if (member('kty') !== (isElliptic ? 'EC' : 'RSA') || (isElliptic && member('crv') !== 'P-256'))
    return undefined
  const parts = isElliptic ? [member('x'), member('y')] : [member('n'), member('e')]
  if (!parts.every(isBase64url)) return undefined
  const key: DeviceKey = { algorithm, text: parts.join('.') }
  return isUsable(key) ? key : undefined
}

/** @throws Error when the text is no key */
export function keyObjectOf({ algorithm, text }: DeviceKey): KeyObject {
  return createPublicKey({ key: membersOf(algorithm, text), format: 'jwk' })
}

/** RFC 7638: SHA-256 over the required members in lexicographic order. */
export function thumbprintOf({ algorithm, text }: DeviceKey): string {
  const { kty, ...rest } = membersOf(algorithm, text)
  const ordered = algorithm === 'ES256' ? { crv: rest['crv'], kty, x: rest['x'], y: rest['y'] } : undefined
  const json = JSON.stringify(ordered ?? { e: rest['e'], kty, n: rest['n'] })
  return createHash('sha256').update(json).digest('base64url')
}

function membersOf(algorithm: Algorithm, text: string): { kty: string; [member: string]: string } {
  const [first = '', second = ''] = text.split('.')
  return algorithm === 'ES256'
    ? { kty: 'EC', crv: 'P-256', x: first, y: second }
    : { kty: 'RSA', n: first, e: second }
}

function isUsable(key: DeviceKey): boolean {
  const [first = '', second = ''] = key.text.split('.')
  if (key.algorithm === 'ES256') {
    if (first.length !== P256_LENGTH || second.length !== P256_LENGTH) return false
  } else {
    const bytes = Buffer.from(first, 'base64url').length
    if (bytes < RSA_BYTES_MIN || bytes > RSA_BYTES_MAX || second.length > 8) return false
  }
  try {
    // Refuses a point that is not on the curve.
    keyObjectOf(key)
    return true
  } catch {
    return false
  }
}

/** Strict: one text for one value, so that nothing can be sent twice in two forms. */
export function isBase64url(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    /^[A-Za-z0-9_-]+$/.test(text) &&
    Buffer.from(text, 'base64url').toString('base64url') === text
  )
}
