import { createHmac, createSecretKey, KeyObject } from 'node:crypto'
import { sign, unsign } from 'cookie-signature'
import { isUsableId } from '../base/ids'
import { detached } from '../base/text'
import { decodeValue } from './header'

export type Secret = string | NodeJS.ArrayBufferView | KeyObject

/** Verified values remembered per generation; two generations are alive, so at most twice as many. */
const REMEMBERED = 4096

/** Longer values are verified but not remembered, which bounds what the memory of values can weigh. */
const REMEMBERED_LENGTH = 256

/** What stands before a signed value, as cookie-parser and express-session mark it. */
const SIGNED = 's:'

/**
 * Signs session ids and verifies cookie values: `s:` id `.` base64(HMAC-SHA256(id, secret)) without padding, the
 * wire format of express-session. The first secret signs, all of them verify.
 *
 * Values that have verified are remembered: the HMAC is the dearest step of a read-only request. Only values
 * whose signature was right get in, so that a stream of forgeries cannot push live ones out.
 */
export class Signer {
  readonly #keys: KeyObject[]
  /** Raw cookie value to the id in it. */
  readonly #verified = new Memory<string>()
  /** Id to its raw cookie value. */
  readonly #signed = new Memory<string>()

  constructor(secrets: readonly Secret[]) {
    // A KeyObject is made once; a string secret would be imported again for each HMAC.
    this.#keys = secrets.map(toKey)
  }

  /** @returns the raw (percent-encoded) cookie value for this id */
  seal(id: string): string {
    const known = this.#signed.get(id)
    if (known !== undefined) return known
    const raw = encodeURIComponent(this.sign(id))
    const own = detached(id)
    this.#signed.set(own, raw)
    // The browser will send it back.
    this.#remember(raw, own)
    return raw
  }

  /** @returns the cookie value for this id, not yet percent-encoded */
  sign(id: string): string {
    const [first] = this.#keys
    if (!first) throw new TypeError('a signer has at least one secret')
    return SIGNED + sign(id, first)
  }

  /** @returns keys for another purpose, one for each secret: to know one of them opens nothing else */
  keysFor(purpose: string): KeyObject[] {
    return this.#keys.map((key) =>
      createSecretKey(createHmac('sha256', key).update(`sojourn ${purpose}`).digest()),
    )
  }

  /** @returns the usable id in a raw value of a `Cookie` header that was signed or verified lately */
  recall(raw: string): string | undefined {
    return this.#verified.get(raw)
  }

  /** @returns the id in a raw value of a `Cookie` header that one of the secrets signed, else `undefined` */
  open(raw: string): string | undefined {
    const verified = this.verify(decodeValue(raw))
    if (verified === undefined) return undefined
    // Stores keep ids too, as keys in memory and in caches.
    const id = detached(verified)
    this.#remember(detached(raw), id)
    return id
  }

  #remember(raw: string, id: string): void {
    if (isUsableId(id)) this.#verified.set(raw, id)
  }

  /** @returns the id in a decoded value that one of the secrets signed, else `undefined` */
  verify(value: string): string | undefined {
    if (!value.startsWith(SIGNED)) return undefined
    const signed = value.slice(SIGNED.length)
    for (const key of this.#keys) {
      const id = unsign(signed, key)
      if (id !== false) return id
    }
    return undefined
  }
}

/** A bounded memory by short texts: what was not asked for in the last two generations is forgotten. */
export class Memory<Value> {
  #recent = new Map<string, Value>()
  #older = new Map<string, Value>()

  get(key: string): Value | undefined {
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent
    const older = this.#older.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  set(key: string, value: Value): void {
    if (key.length > REMEMBERED_LENGTH) return
    if (this.#recent.size >= REMEMBERED) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(key, value)
  }
}

function toKey(secret: Secret): KeyObject {
  if (secret instanceof KeyObject) return secret
  if (typeof secret === 'string') return createSecretKey(secret, 'utf8')
  return createSecretKey(secret)
}
