import type { Change } from './changes'
import type { Visit } from './visit'
import type { SessionWorld } from './world'

/**
 * The cases in which a promise does not hold and need not: each is one function, whose comment is the reason. A check
 * in `promises/` that does not ask one of these has no exceptions.
 */

/** Errors that a request may get when another has ended its session. */
const WHEN_ENDED = ['ERR_SESSION_GONE', 'failed to load session']

/**
 * A request may fail without a failure of the store when another one has ended its session; and when the policy is to
 * refuse conflicts, for which it takes two requests.
 */
export function mayFail(world: SessionWorld, words: string): boolean {
  const refused = words === 'ERR_SESSION_CONFLICT' && world.mode === 'reject' && world.visits.length > 1
  return refused || (world.calls.ended.size > 0 && WHEN_ENDED.includes(words))
}

/** Once a timer has run out, some end may have been given up: of its end nobody was told. */
export function endsMayBeGivenUp(world: SessionWorld): boolean {
  return world.timers.expired > 0
}

/** With `concurrency: 'overwrite'` the last write wins, with all the values that it has not changed. */
export function lastWriteWins(world: SessionWorld): boolean {
  return world.mode === 'overwrite'
}

/**
 * Who ends an id that another request has just given up for a new one has ended nothing. In one process that is
 * so only when the old record was on its way out before.
 */
export function renewedBefore(world: SessionWorld, line: string, asked: number): boolean {
  if (!world.lines.renewed.has(line)) return false
  const ids = world.lines.idsOf(line)
  const removed = world.calls.all.findIndex(({ verb, key }) => verb === 'destroy' && ids.includes(key))
  return world.backend !== undefined || removed < asked
}

/**
 * A write that has happened too late is undone when it is answered. If it is never answered, nobody can know that it
 * happened; and if the store loses the destroy that undoes it too, the failure is all that can be told.
 */
export function beyondRepair(world: SessionWorld, line: string): boolean {
  const ids = world.lines.idsOf(line)
  const lost = world.calls.failures.filter(({ key, verb, state, text, tookEffect }) => {
    return ids.includes(key) && (verb === 'destroy' ? !tookEffect : state === 'silent' && text !== undefined)
  })
  return world.tooLate && lost.length > 0 && world.told.storeError > 0
}

/**
 * The first record of an id, given up by the request that asked for it and created after the id was ended: there is
 * nothing that compare-and-swap could see, and no browser has got the id.
 */
export function createdLate(world: SessionWorld, id: string): boolean {
  const creates = world.calls.all.some(({ verb, key }) => verb === 'create' && key === id)
  return creates && world.timers.expired > 0 && world.calls.overtakenMs >= 0 && !world.cookies.has(id)
}

/**
 * Ids that may stand in the store without a browser that has them: a store that fails at the first record of an id
 * may have written it all the same; and a session that was begun for a client that has left is saved nevertheless,
 * as in express-session.
 */
export function idsWithoutBrowser(world: SessionWorld): string[] {
  const failed = world.calls.failures.map(({ key }) => key)
  const left = world.visits.flatMap(({ aborted, req }) => (aborted && req.sessionID ? [req.sessionID] : []))
  return [...failed, ...left]
}

/** A record may be gone when its session was ended, was never saved, or when nobody has got an id of it. */
export function mayBeGone(world: SessionWorld, line: string): boolean {
  const ended = world.lines.idsOf(line).some((id) => world.calls.ended.has(id))
  return ended || neverSaved(world, line) || neverTold(world, line)
}

function neverSaved(world: SessionWorld, line: string): boolean {
  const ids = world.lines.idsOf(line)
  return (
    line !== 'seed' && !world.calls.all.some((call) => call.text && call.tookEffect && ids.includes(call.key))
  )
}

/** A new session that nobody has got an id of: a failure has come before the first answer. */
function neverTold(world: SessionWorld, line: string): boolean {
  return line !== 'seed' && !world.faultless && !world.lines.idsOf(line).some((id) => world.cookies.has(id))
}

/** A change of a request that was given up need not stay: its client was not told that it is saved. */
export function mustStay(world: SessionWorld, change: Change): boolean {
  const visit = world.visits.find(({ changes }) => changes.includes(change))
  return world.timers.expired === 0 || (visit?.status ?? 500) < 400
}

/** A request that has itself wanted a session to end loses nothing with it. */
export function lossesOf(visit: Visit): Change[] {
  return visit.unsaved.filter(({ line }) => !visit.endedLines.has(line))
}

const ENDINGS = ['destroy', 'remove']

/**
 * A request may lose what it changed in a session that another has ended, or has tried to end: then nobody knows
 * whether it has ended, and nothing is written, to be on the safe side.
 */
export function maybeEnded(world: SessionWorld, line: string): boolean {
  const ids = world.lines.idsOf(line)
  return (
    ids.some((id) => world.calls.ended.has(id)) ||
    world.calls.all.some(
      ({ verb, key, failed }) =>
        ENDINGS.includes(verb) && ids.includes(key) && (failed || world.timers.expired > 0),
    )
  )
}
