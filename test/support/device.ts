import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export type Algorithm = 'ES256' | 'RS256'

/** What a token says beside what is right; `undefined` takes a member away. */
export interface Odd {
  header?: Record<string, unknown>
  payload?: Record<string, unknown>
  /** In the place of the signature. */
  signature?: string
}

/** A browser's key and what it signs with it, by hand. */
export class Device {
  readonly algorithm: Algorithm
  readonly #private: KeyObject
  readonly jwk: Record<string, unknown>

  constructor(algorithm: Algorithm = 'ES256', bits = 2048) {
    this.algorithm = algorithm
    const pair =
      algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: bits })
    this.#private = pair.privateKey
    this.jwk = pair.publicKey.export({ format: 'jwk' }) as Record<string, unknown>
  }

  /** A token that registers the key. */
  registers(challenge: string, odd: Odd = {}): string {
    return this.#token(challenge, { ...odd, header: { jwk: this.jwk, ...odd.header } })
  }

  /** A token that proves it. */
  proves(challenge: string, odd: Odd = {}): string {
    return this.#token(challenge, odd)
  }

  #token(challenge: string, { header, payload, signature }: Odd): string {
    const head = encode({ alg: this.algorithm, typ: 'dbsc+jwt', ...header })
    const body = encode({ jti: challenge, ...payload })
    return `${head}.${body}.${signature ?? this.#sign(`${head}.${body}`)}`
  }

  #sign(text: string): string {
    const key = { key: this.#private, dsaEncoding: 'ieee-p1363' } as const
    return sign('sha256', Buffer.from(text), key).toString('base64url')
  }

  /** RFC 7638. */
  get thumbprint(): string {
    const names = this.algorithm === 'ES256' ? ['crv', 'kty', 'x', 'y'] : ['e', 'kty', 'n']
    const members = Object.fromEntries(names.map((name) => [name, this.jwk[name]]))
    return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
  }
}

export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** @returns the parameter of a structured field, as `challenge="…"` */
export function parameter(field: unknown, name: string): string {
  const found = new RegExp(`;\\s*${name}="([^"]*)"`).exec(String(field))
  if (!found?.[1]) throw new Error(`no ${name} in ${String(field)}`)
  return found[1]
}

/** @returns the String that a structured field begins with */
export function leadingString(field: unknown): string {
  const found = /^"([^"]*)"/.exec(String(field))
  if (!found?.[1]) throw new Error(`no string in ${String(field)}`)
  return found[1]
}
