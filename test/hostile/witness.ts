import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type * as sojourn from '../../lib/index'
import type { Owner } from '../support/app'

const EVENTS = [
  'created',
  'saved',
  'destroyed',
  'renewed',
  'expired',
  'interrupted',
  'refused',
  'withheld',
  'unreadable',
  'storeError',
  'storeState',
] as const

/** Hears all that the package says to anybody but the visitor: events, warnings, errors. */
export class Witness {
  readonly #heard: string[] = []
  readonly refused: string[] = []

  constructor(owner: Owner, sessions: sojourn.SessionMiddleware) {
    for (const name of EVENTS) {
      sessions.events.on(name, (event: unknown) => {
        this.hear(name, event)
        if (name === 'refused') this.refused.push((event as { because: string }).because)
      })
    }
    const warn = (warning: Error) => this.hear('warning', warning)
    process.on('warning', warn)
    owner.after(() => process.off('warning', warn))
  }

  hear(what: string, said: unknown): void {
    const causes: unknown[] = []
    if (said instanceof Error) causes.push(said.message, said.stack)
    this.#heard.push(`${what} ${inspect(said, { depth: 6 })} ${JSON.stringify(said)} ${causes.join(' ')}`)
  }

  /** Fails when any of these was said aloud. */
  mustNotHaveHeard(secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) {
      assert.ok(secret && secret.length >= 6, 'a secret to look for')
      for (const line of this.#heard) assert.ok(!line.includes(secret), `${secret} was told: ${line}`)
    }
  }
}
