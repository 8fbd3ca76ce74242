import { verify } from 'node:crypto'
import { ALGORITHMS, type Algorithm, type DeviceKey, isBase64url, keyObjectOf, readJwk } from './public-key'

/*
 * A browser's proof that it has the key: a JWT (RFC 7519) in the compact form (RFC 7515 section 7.1). Read by these
 * lines and not by `jose`: that one is an ES module, which CommonJS under Jest cannot load before Node 24.9, and it
 * is asynchronous. What has to be right is little: two algorithms, one `typ`, and the key comes from the record, so
 * nothing that a token says about itself chooses how it is verified.
 */

/** `malformed`: no token of this kind. `signature`: not signed by the key, or by another algorithm than it is for. */
export type ProofFault = 'malformed' | 'signature'

export interface Proof {
  /** The challenge that was signed. Whether it is one of ours is for the caller to say. */
  readonly challenge: string
  readonly key: DeviceKey
}

const TYP = 'dbsc+jwt'
/** RFC 7518 section 3.4: R and S, 32 bytes each. */
const ES256_SIGNATURE_BYTES = 64

/**
 * @param key the one that the session is bound to; `undefined` at a registration, whose token brings its own
 */
export function readProof(token: string, key: DeviceKey | undefined): Proof | ProofFault {
  const parts = token.split('.')
  if (parts.length !== 3 || !parts.every(isBase64url)) return 'malformed'
  const [head, body, signature] = parts as [string, string, string]
  const header = parseObject(head)
  const payload = parseObject(body)
  if (!header || !payload) return 'malformed'
  const { alg, typ, jwk, crit } = header
  const { jti } = payload
  // RFC 7515 section 4.1.11: what a `crit` names and the reader does not know makes the token invalid.
  if (typ !== TYP || crit !== undefined || typeof jti !== 'string') return 'malformed'
  if (!isAlgorithm(alg) || (key !== undefined) === (jwk !== undefined)) return 'malformed'
  const signer = key ?? readJwk(jwk, alg)
  if (!signer) return 'malformed'
  if (alg !== signer.algorithm) return 'signature'
  const isSigned = isSignedBy(signer, `${head}.${body}`, Buffer.from(signature, 'base64url'))
  return isSigned ? { challenge: jti, key: signer } : 'signature'
}

function isSignedBy(key: DeviceKey, text: string, signature: Buffer): boolean {
  const data = Buffer.from(text)
  const object = keyObjectOf(key)
  if (key.algorithm === 'RS256') return verify('sha256', data, object, signature)
  return (
    signature.length === ES256_SIGNATURE_BYTES &&
    verify('sha256', data, { key: object, dsaEncoding: 'ieee-p1363' }, signature)
  )
}

function isAlgorithm(alg: unknown): alg is Algorithm {
  return (ALGORITHMS as readonly unknown[]).includes(alg)
}

/** Without a prototype: the token comes from outside. */
function parseObject(part: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
    return Object.assign(Object.create(null), parsed)
  } catch {
    return undefined
  }
}
