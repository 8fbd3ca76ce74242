import { badOption, describe, SessionOptionError } from '../base/errors'
import { didYouMean } from '../base/suggest'
import type { Sealer } from '../record/seal'
import type { Data } from '../record/text'
import type { SessionData } from '../session/session'
import type { Store } from '../session/store'
import { warnUnknownOptions } from '../session/unknown-options'
import type { OwnerOptions } from './owners'

/** Options that all stores of ours have. */
export interface BackedStoreOptions extends OwnerOptions {
  /** Put before each id to make the store key. Default: the store's own. */
  prefix?: string | undefined
  /** Milliseconds that a session is kept whose cookie ends with the browser. Default: the store's own. */
  ttl?: number | undefined
  /**
   * Keep SHA-256 of the ids instead of the ids, so that a stolen table opens no session. Rows with plain ids are
   * found once more and moved. Default `false`.
   */
  hashIds?: boolean | undefined
  /** Encrypt records: `seal({ keys: [secret] })`. Default: they are plain JSON. */
  seal?: Sealer | undefined
  /** The store that the application used before: its sessions are taken over as they are asked for. */
  migrateFrom?: Store | undefined
}

/** A record of `all()`: what `set` was given, as JSON brought it back. */
export type StoredSession = SessionData & Data

const NAMES = ['prefix', 'ttl', 'hashIds', 'seal', 'migrateFrom', 'owner', 'maxPerOwner'] as const

/** @returns the options that all stores have, and those of one store alone */
export function splitBackedOptions<O extends BackedStoreOptions>(
  options: O,
): [BackedStoreOptions, Omit<O, (typeof NAMES)[number]>] {
  const backed: Record<string, unknown> = {}
  const rest = { ...(options as object) } as Record<string, unknown>
  for (const name of NAMES) {
    if (rest[name] !== undefined) backed[name] = rest[name]
    delete rest[name]
  }
  return [backed, rest as Omit<O, (typeof NAMES)[number]>]
}

/**
 * A name that is not ours may be a slip, or an option of the store that the application had before: left alone, it
 * would be without effect and nobody would know. Values are not shown: a URL carries a password.
 *
 * @param required one of these has to be given, where there are any
 * @param others what else this store takes beside what all stores have
 * @throws TypeError ERR_SESSION_OPTION saying which names there are
 */
export function checkNames(
  store: string,
  options: unknown,
  required: readonly string[],
  others: readonly string[],
): void {
  const one = required.join(' or ')
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const got = typeof options === 'string' ? 'a string' : describe(options)
    const expected = one ? `an object with ${one}` : 'an object'
    throw new SessionOptionError(`option ${required[0] ?? 'object'}: expected ${expected}, got ${got}`)
  }
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  const known = [...required, ...others, ...NAMES]
  const names = known.join(', ')
  if (one && !given.some((name) => required.includes(name))) {
    const got = given.length > 0 ? given.slice(0, 5).join(', ') : 'none'
    throw new SessionOptionError(`option ${required[0]}: expected ${one} among ${names}; got ${got}`)
  }
  for (const name of given) {
    if (known.includes(name)) continue
    throw new SessionOptionError(
      `option ${name}: expected one of ${names}; ${store} has no ${name}${didYouMean(name, known)}`,
    )
  }
}

/** MemoryStore's, which express-session's takes without a look: a warning where the other stores have an error. */
export function warnNames(options: object, others: readonly string[]): void {
  warnUnknownOptions(options, [...others, ...NAMES])
}

/** @throws TypeError ERR_SESSION_OPTION naming the option */
export function checkBackedOptions(options: BackedStoreOptions): void {
  const { prefix, ttl, hashIds, seal, migrateFrom } = options
  if (prefix !== undefined && typeof prefix !== 'string') badOption('prefix', 'a string', prefix)
  if (ttl !== undefined && !(typeof ttl === 'number' && ttl > 0)) {
    badOption('ttl', 'milliseconds as a positive number', ttl)
  }
  if (hashIds !== undefined && typeof hashIds !== 'boolean') badOption('hashIds', 'true or false', hashIds)
  if (seal !== undefined && (typeof seal?.seal !== 'function' || typeof seal.open !== 'function')) {
    badOption('seal', 'what seal({ keys }) returned', seal)
  }
  if (
    migrateFrom !== undefined &&
    (typeof migrateFrom?.get !== 'function' || typeof migrateFrom.destroy !== 'function')
  ) {
    badOption('migrateFrom', 'a store', migrateFrom)
  }
}
