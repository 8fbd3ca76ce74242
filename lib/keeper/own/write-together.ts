import type { Backend, Entry, Replaced } from '../../backend/contract'
import type { Written } from '../contract'
import type { Ask } from './backend-calls'
import type { Draft } from './draft'

/** One of the commits that are written together. */
export interface JoinedCommit {
  readonly draft: Draft
  /** Its request has not given up. */
  readonly waits: boolean
  settle(how: Written): void
  fail(error: unknown): void
}

/**
 * Writes the changes of several requests of one session in one swap, in their order, and tells each how it went. Never
 * fails itself.
 *
 * @param lastWritten what probably stands in the store
 * @returns what was written, if so
 */
export async function writeTogether(
  joiners: readonly JoinedCommit[],
  lastWritten: Entry | undefined,
  backend: Backend,
  ask: Ask,
): Promise<Entry | undefined> {
  let going = joiners
  try {
    let theirs = lastWritten ?? first(going).draft.seen
    for (;;) {
      const last = composed(going, theirs)
      if (!last) break
      const { body } = theirs
      const limitMs = Math.max(...going.map(({ draft }) => draft.remainingMs))
      const swap = () => backend.replace(last.key, body, last.entry())
      const answer = await ask<Replaced>('set', swap, limitMs, () => going.some((one) => one.waits))
      if (answer === true) {
        for (const one of going) {
          one.draft.agreedWith(last)
          one.settle(one.draft.merged ? 'merged' : 'saved')
        }
        return last.written
      }
      // Who has given up meanwhile was told that it failed.
      going = going.filter((one) => one.waits)
      if (!answer || going.length === 0) break
      theirs = answer
    }
    for (const one of going) one.settle('gone')
  } catch (error) {
    for (const one of going) if (one.waits) one.fail(error)
  }
  return undefined
}

/** @returns the commit that has all of them in it; `undefined`: what they would change is no session */
function composed(joiners: readonly JoinedCommit[], theirs: Entry): Draft | undefined {
  const { draft } = first(joiners)
  const merging = draft.merging(theirs)
  if (!merging) return undefined
  let last = draft
  let cookieText = ''
  for (const joiner of joiners) {
    cookieText = joiner.draft.joinInto(merging, theirs, joiner.draft === draft)
    last = joiner.draft
  }
  return last.compose(JSON.stringify(merging.data), cookieText, merging.expires)
}

function first(joiners: readonly JoinedCommit[]): JoinedCommit {
  return joiners[0] as JoinedCommit
}
