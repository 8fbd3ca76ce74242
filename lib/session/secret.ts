import { KeyObject } from 'node:crypto'
import { badOption, SessionOptionError } from '../base/errors'
import { warnOnce, warnOnceEach } from '../base/warnings'
import { type Secret, Signer } from '../cookie/signature'

const SECRET = 'a non-empty string, Buffer or KeyObject'
/** 128 bits: fewer can be found by trying, against the signature of a cookie of one's own. */
const SECRET_BYTES = 16

/**
 * @returns `undefined` where the secret is to be that of cookie-parser
 * @throws TypeError ERR_SESSION_OPTION, which never shows a secret
 */
export function readSecret(raw: Readonly<Record<string, unknown>>): Signer | undefined {
  if (!('secret' in raw)) return undefined
  const secret = raw['secret']
  if (secret === undefined) {
    // No error: with cookie-parser in front such an application runs.
    warnOnceEach(
      'SOJOURN_SECRET_UNDEFINED',
      'option secret is undefined (a variable that is not set?), so every request fails unless cookie-parser has ' +
        'a secret; if you mean that of cookie-parser, leave the option out',
    )
    return undefined
  }
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) {
    throw new SessionOptionError('secret option array must contain one or more strings')
  }
  secrets.forEach((one, i) => {
    if (isSecret(one)) return
    const name = `secret${Array.isArray(secret) ? `[${i}]` : ''}`
    if (one === '') throw new SessionOptionError(`option ${name}: expected ${SECRET}, got an empty string`)
    // Never the value: a secret of a wrong type is still a secret.
    badOption(name, SECRET, typeof one)
  })
  if (secrets.some((one) => byteLength(one as Secret) < SECRET_BYTES)) {
    warnOnce(
      'SOJOURN_SECRET_SHORT',
      `option secret has fewer than ${SECRET_BYTES} bytes and can be found by trying; take 32 random ones: ` +
        `node -p "crypto.randomBytes(32).toString('base64url')"`,
    )
  }
  return new Signer(secrets as Secret[])
}

function byteLength(secret: Secret): number {
  if (secret instanceof KeyObject) return secret.symmetricKeySize ?? 0
  return typeof secret === 'string' ? Buffer.byteLength(secret) : secret.byteLength
}

function isSecret(value: unknown): value is Secret {
  if (typeof value === 'string') return value.length > 0
  if (value instanceof KeyObject) return value.type === 'secret'
  return ArrayBuffer.isView(value) && value.byteLength > 0
}
