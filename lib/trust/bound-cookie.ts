import { detached } from '../base/text'
import { clearCookieLine, cookieValues, setCookieLine } from '../cookie/header'
import { Memory, type Signer } from '../cookie/signature'
import type { Binding } from '../record/trust'
import type { SessionRequest } from '../session/session'
import type { BindingSettings } from './options'
import { type Algorithm, thumbprintOf } from './public-key'
import { Tickets } from './tickets'

interface Known {
  readonly binding: string
  /** Epoch ms. */
  readonly provenAt: number
}

/**
 * The short-lived cookie that goes with a bound session. Its value is a ticket for the binding and its key, so a value
 * of another session, another key or a time gone by is none.
 */
export class BoundCookie {
  readonly #settings: BindingSettings
  readonly #tickets: Tickets
  /** Values that have verified: a MAC would be the dearest step of a request. */
  readonly #known = new Memory<Known>()

  constructor(settings: BindingSettings, signer: Signer) {
    this.#settings = settings
    this.#tickets = new Tickets(signer.keysFor('bound cookie'))
  }

  /** @returns the `Set-Cookie` line of a new value */
  line(binding: Binding, now: number): string {
    const { name, attributes, lifetimeMs } = this.#settings
    const value = this.#tickets.issue(subjectOf(binding), now)
    return setCookieLine(name, value, { ...attributes, expires: new Date(now + lifetimeMs) })
  }

  clearLine(): string {
    return clearCookieLine(this.#settings.name, this.#settings.attributes)
  }

  isIn(req: SessionRequest): boolean {
    return this.#valuesIn(req).length > 0
  }

  /** @returns epoch ms at which the key of this binding was proved, by a value that is good now; else `undefined` */
  provenAt(req: SessionRequest, binding: Binding, now: number): number | undefined {
    for (const value of this.#valuesIn(req)) {
      const provenAt = this.#verified(value, binding)
      if (provenAt !== undefined && now < provenAt + this.#settings.lifetimeMs) return provenAt
    }
    return undefined
  }

  #verified(value: string, binding: Binding): number | undefined {
    const known = this.#known.get(value)
    if (known) return known.binding === binding.id ? known.provenAt : undefined
    const provenAt = this.#tickets.issuedAt(value, subjectOf(binding))
    // A copy: the value is a piece of a header.
    if (provenAt !== undefined) {
      const own = detached(value)
      this.#known.set(own, { binding: binding.id, provenAt })
    }
    return provenAt
  }

  #valuesIn(req: SessionRequest): string[] {
    const header = req.headers?.cookie
    return header ? cookieValues(header, this.#settings.name) : []
  }
}

/** The identifier is random and has one key for ever; the thumbprint says so once more. */
function subjectOf({ id, algorithm, key }: Binding): string {
  return `${id}.${thumbprintOf({ algorithm: algorithm as Algorithm, text: key })}`
}
