import type { Backend, Entry, Replaced } from '../../backend/contract'
import type { Ask } from './backend-calls'
import type { Joiner } from './commit-queue'
import type { Commit } from './draft'

/**
 * Writes the changes of several requests of one session in one swap, in their order, and tells each how it went. Never
 * fails itself.
 *
 * @param known what probably stands in the store
 * @returns what was written, if so
 */
export async function writeTogether(
  joiners: readonly Joiner[],
  known: Entry | undefined,
  backend: Backend,
  ask: Ask,
): Promise<Entry | undefined> {
  let going = joiners
  try {
    let theirs = known ?? first(going).commit.seen
    for (;;) {
      const last = composed(going, theirs)
      if (!last) break
      const { body } = theirs
      const limitMs = Math.max(...going.map(({ commit }) => commit.remainingMs))
      const swap = () => backend.replace(last.key, body, last.entry())
      const answer = await ask<Replaced>('set', swap, limitMs, () => going.some((one) => one.waits))
      if (answer === true) {
        for (const one of going) {
          one.commit.agreedWith(last)
          one.settle(one.commit.merged ? 'merged' : 'saved')
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
function composed(joiners: readonly Joiner[], theirs: Entry): Commit | undefined {
  const { commit } = first(joiners)
  const merging = commit.merging(theirs)
  if (!merging) return undefined
  let last = commit
  let cookieText = ''
  for (const joiner of joiners) {
    cookieText = joiner.commit.joinInto(merging, theirs, joiner.commit === commit)
    last = joiner.commit
  }
  return last.compose(JSON.stringify(merging.data), cookieText, merging.expires)
}

function first(joiners: readonly Joiner[]): Joiner {
  return joiners[0] as Joiner
}
