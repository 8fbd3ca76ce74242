import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { badOption } from '../base/errors'

/** Encrypts records at rest; made by `seal()` and given to a store's `seal` option. */
export interface Sealer {
  /** @returns the record so that only the holder of the key can read it, and only under this store key */
  seal(storeKey: string, body: string): string
  /** @returns the record; `undefined` when none of the keys opens it, or it was sealed under another store key */
  open(storeKey: string, text: string): string | undefined
}

export interface SealOptions {
  /**
   * Secrets of at least 32 bytes or characters, from a CSPRNG. The first seals, all open: put a new one in front
   * to rotate.
   */
  keys: ReadonlyArray<string | Uint8Array>
  /**
   * Read records that were written before sealing was turned on; they are sealed with their next change. Default
   * `false`: whoever can write to the store could otherwise slip plain records in.
   */
  acceptPlain?: boolean | undefined
}

interface Key {
  readonly id: string
  readonly secret: Buffer
}

const VERSION = 'sealed1'
const KEY_MIN_BYTES = 32
/** NIST SP 800-38D: 96-bit nonce, 128-bit tag. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * AES-256-GCM for records at rest (OWASP Session Management, ASVS 14.2). The store key is associated data, so that
 * records cannot be swapped; the id of the key stands in the record. Each store key has a cipher key of its own,
 * so that random nonces never come near the bound of SP 800-38D section 8.3, however many records there are.
 *
 * @throws TypeError ERR_SESSION_OPTION when there is no key, or one is too short
 */
export function seal(options: SealOptions): Sealer {
  const given = options?.keys
  if (!Array.isArray(given) || given.length === 0)
    badOption('seal.keys', 'an array of one or more keys', given)
  const keys = given.map(toKey)
  const [first] = keys as [Key]
  const acceptPlain = options.acceptPlain === true

  return {
    seal(storeKey, body) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', cipherKey(first, storeKey), nonce)
      cipher.setAAD(Buffer.from(storeKey))
      const sealed = Buffer.concat([nonce, cipher.update(body, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${VERSION}.${first.id}.${sealed.toString('base64url')}`
    },

    open(storeKey, text) {
      const [version, id, data, more] = text.split('.', 4)
      if (version !== VERSION) return acceptPlain ? text : undefined
      const key = keys.find((one) => one.id === id)
      if (!key || data === undefined || more !== undefined) return undefined
      return decrypt(key, storeKey, Buffer.from(data, 'base64url'))
    },
  }
}

function decrypt(key: Key, storeKey: string, sealed: Buffer): string | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
  try {
    const decipher = createDecipheriv(
      'aes-256-gcm',
      cipherKey(key, storeKey),
      sealed.subarray(0, NONCE_BYTES),
    )
    decipher.setAAD(Buffer.from(storeKey))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const body = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([body, decipher.final()]).toString('utf8')
  } catch {
    // The tag does not fit: another key's, changed, or moved here from another store key.
    return undefined
  }
}

function cipherKey(key: Key, storeKey: string): Buffer {
  return createHmac('sha256', key.secret).update('sojourn record').update('\0').update(storeKey).digest()
}

function toKey(given: string | Uint8Array, index: number): Key {
  const secret = typeof given === 'string' ? Buffer.from(given) : given
  if (!(secret instanceof Uint8Array) || secret.length < KEY_MIN_BYTES) {
    // The length, never the key.
    badOption(
      `seal.keys[${index}]`,
      `at least ${KEY_MIN_BYTES} bytes`,
      (secret as Uint8Array | undefined)?.length,
    )
  }
  return {
    id: createHash('sha256').update('sojourn key id\0').update(secret).digest('base64url').slice(0, 8),
    secret: Buffer.from(secret),
  }
}
