import { SessionError } from '../../base/errors'
import type { Entry } from '../contract'
import { bodyOf, isStorable, toMs } from './text'

/** The entry in the columns `body`, `expires` and, if there is one, `owner`. */
export function entryFromRow(row: Record<string, unknown>): Entry {
  const { body, expires, owner } = row
  const entry = { body: bodyOf(String(body)), expires: toMs(expires) }
  return typeof owner === 'string' ? { ...entry, owner } : entry
}

export function ownerOf({ owner }: Entry): string | null {
  if (owner !== undefined) mustBeStorable(owner)
  return owner ?? null
}

/** @throws SessionError `ERR_SESSION_STORE` */
export function mustBeStorable(text: string): void {
  if (isStorable(text)) return
  const what = 'a key or owner with NUL or half a surrogate pair'
  throw new SessionError('ERR_SESSION_STORE', `PostgreSQL cannot store ${what}`)
}
