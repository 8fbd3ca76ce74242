import type { Backend, Entry, Replaced } from '../../backend/contract'
import type { Ask } from './backend-calls'
import type { Draft } from './draft'

/** `taken`: another session has the new key. `undefined`: the old record is gone. */
export type Moved = 'moved' | 'taken' | undefined

/**
 * Gives a record another key. The new record first, so that a crash loses nothing. Then the old one is swapped for
 * one whose deadline is past, and only if it is what stands under the new key: what another request commits before
 * that comes along, and what comes after finds nothing.
 *
 * @param expected what probably stands under the old key
 */
export async function moveRecord(
  old: Draft,
  copy: Draft,
  expected: Entry,
  backend: Backend,
  ask: Ask,
): Promise<Moved> {
  const ending = { because: 'renewed', successor: copy.key } as const
  let theirs: Replaced = expected
  for (;;) {
    if (!old.onto(theirs)) return undefined
    if (!(await put(copy.as(old), old.remainingMs, backend, ask))) return 'taken'
    const body: string = theirs.body
    const swap = () => backend.replace(old.key, body, old.entry(0), ending)
    theirs = await ask<Replaced>('set', swap, old.remainingMs)
    if (theirs === true) return 'moved'
    if (!theirs) return undefined
  }
}

/** @returns whether the key is this session's */
async function put(copy: Draft, limitMs: number, backend: Backend, ask: Ask): Promise<boolean> {
  const { key } = copy
  const { seen } = copy.known
  const written =
    seen === ''
      ? await ask('create', () => backend.create(key, copy.entry()), limitMs)
      : (await ask<Replaced>('set', () => backend.replace(key, seen, copy.entry()), limitMs)) === true
  if (written) copy.agreed(copy.data)
  return written
}
