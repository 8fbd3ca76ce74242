import { flightsOf } from '../../lib/keeper/foreign/flights'
import { type Change, same, under } from './changes'
import type { Visit } from './visit'
import type { SessionWorld } from './world'

/** Errors that a request may get when another has ended its session. */
const WHEN_ENDED = ['ERR_SESSION_GONE', 'failed to load session']

/** What must hold when nothing more can happen. @returns what does not, in words */
export function judge(world: SessionWorld): string[] {
  const wrong: string[] = []
  for (const visit of world.visits) judgeVisit(world, visit, wrong)
  judgeEnds(world, wrong)
  judgeRecords(world, wrong)
  judgeCounters(world, wrong)
  judgeLosses(world, wrong)
  for (const reason of world.rejections) wrong.push(`a rejection that nobody handles: ${reason}`)
  if (world.store) {
    const { size } = flightsOf(world.store)
    if (size > 0) wrong.push(`${size} flights are left over`)
  }
  if (world.timers.running > 0) wrong.push(`${world.timers.running} timers are left over`)
  return wrong
}

function judgeVisit(world: SessionWorld, visit: Visit, wrong: string[]): void {
  const { label, aborted } = visit
  const answered = visit.status !== undefined || visit.res.destroyed
  if (!answered && !aborted && !visit.program.endless) wrong.push(`${label} hangs: no response`)
  if (visit.status !== undefined && !visit.finished && visit.status < 400)
    wrong.push(`${label}: its handler hangs`)
  const { asked, answered: answers } = visit.methods
  if (asked !== answers) wrong.push(`${label}: ${asked} calls, ${answers} answers`)
  if (visit.torn) wrong.push(`${label} has seen half of a change`)
  const ended = world.calls.ended.size > 0
  for (const error of world.faultless ? visit.errors : []) {
    const words = String((error as any)?.code ?? (error as any)?.message ?? error)
    const refused = words === 'ERR_SESSION_CONFLICT' && world.mode === 'reject' && world.visits.length > 1
    if (!refused && !(ended && WHEN_ENDED.includes(words)))
      wrong.push(`${label} fails for no reason: ${words}`)
  }
  if (world.faultless && !world.rewrites) judgeWrites(world, visit, wrong)
}

/** One write per changed commit. */
function judgeWrites(world: SessionWorld, visit: Visit, wrong: string[]): void {
  const { label, program } = visit
  const writes = world.calls.all.filter(
    (call) => call.text && call.tookEffect && (world.store || call.value === true),
  )
  const own = writes.filter((call) => (world.store ? call.by : call.actor) === label)
  let most = program.sets + (visit.aborted ? (program.setsAfterAbort ?? 0) : 0)
  // Compare-and-swap: what others commit before the old id is dead goes to the new one as well.
  if (world.backend && program.renews) most += writes.length - own.length
  if (own.length > most) wrong.push(`${label} writes ${own.length} times instead of ${most}`)
}

/** Ended is ended. */
function judgeEnds(world: SessionWorld, wrong: string[]): void {
  // Of an end that was given up nobody was told.
  if (world.timers.expired === 0) {
    for (const name of world.calls.revived) wrong.push(`${name} was written after its end`)
    for (const id of world.calls.ended) {
      if (world.record(id)) wrong.push(`${world.calls.nameOf(id)} stands in the store after its end`)
    }
    if (world.store) for (const call of world.calls.crossed) wrong.push(`${call} came beside another write`)
    judgeOrphans(world, wrong)
  }
  for (const [line, asked] of world.acknowledgedEnds) {
    const alive = world.lines.idsOf(line).some((id) => world.record(id) && !createdLate(world, id))
    if (alive && !beyondRepair(world, line) && !renewedBefore(world, line, asked))
      wrong.push(`${line} was ended, and lives on`)
  }
  for (const id of world.emptyCookies)
    wrong.push(`a cookie for ${world.calls.nameOf(id)}, which was not saved`)
}

/**
 * Who ends an id that another request has just given up for a new one has ended nothing. In one process that is
 * so only when the old record was on its way out before.
 */
function renewedBefore(world: SessionWorld, line: string, asked: number): boolean {
  if (!world.lines.renewed.has(line)) return false
  const ids = world.lines.idsOf(line)
  const removed = world.calls.all.findIndex(({ verb, key }) => verb === 'destroy' && ids.includes(key))
  return world.backend !== undefined || removed < asked
}

/**
 * A write that has happened too late is undone when it is answered. If it never is nobody can know, and if the store
 * loses that destroy too the failure is all that can be told.
 */
function beyondRepair(world: SessionWorld, line: string): boolean {
  const ids = world.lines.idsOf(line)
  const lost = world.calls.failures.filter(({ key, verb, state, text, tookEffect }) => {
    return ids.includes(key) && (verb === 'destroy' ? !tookEffect : state === 'silent' && text !== undefined)
  })
  return world.tooLate && lost.length > 0 && world.told.storeError > 0
}

/**
 * The first record of an id, given up by who asked for it and created after the id was ended: there is nothing that
 * compare-and-swap could see, and no browser has got the id.
 */
function createdLate(world: SessionWorld, id: string): boolean {
  const creates = world.calls.all.some(({ verb, key }) => verb === 'create' && key === id)
  return creates && world.timers.expired > 0 && world.calls.overtakenMs >= 0 && !world.cookies.has(id)
}

function judgeOrphans(world: SessionWorld, wrong: string[]): void {
  const known = new Set([...world.lines.current().values(), ...world.cookies])
  // A store that fails at the first record of an id may have written it all the same.
  for (const { key } of world.calls.failures) known.add(key)
  // A session that was begun for a client that has left is saved nevertheless, as in express-session.
  for (const { aborted, req } of world.visits) if (aborted && req.sessionID) known.add(req.sessionID)
  for (const id of world.ids()) {
    if (!known.has(id)) wrong.push(`${world.calls.nameOf(id)} stands in the store and nobody has its id`)
  }
}

function judgeRecords(world: SessionWorld, wrong: string[]): void {
  if (world.tooLate) return
  for (const text of world.calls.texts) {
    const { x, y } = JSON.parse(text)
    if (x !== y) wrong.push('half of a change was stored')
  }
  for (const [line, id] of world.lines.current()) {
    const record = world.record(id)
    if (!record) {
      const excused =
        world.lines.idsOf(line).some((one) => world.calls.ended.has(one)) ||
        neverSaved(world, line) ||
        neverTold(world, line)
      if (!excused) wrong.push(`${line} is gone, and nobody ended it`)
      continue
    }
    judgeKeys(world, line, record, wrong)
  }
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

/** Every change that got through is there, unless another request has changed the same key. */
function judgeKeys(world: SessionWorld, line: string, record: Record<string, any>, wrong: string[]): void {
  if (world.mode === 'overwrite') return
  const changes = world.visits.flatMap((visit) => visit.changes.filter((change) => change.line === line))
  const keys = new Set(changes.map(({ key }) => key))
  for (const key of keys) {
    const candidates = world.visits.flatMap((visit) => lastOf(visit, line, key))
    const sure = candidates.filter((change) => world.isSaved(change) && mustStay(world, change))
    if (sure.length === 0) continue
    const possible = world.visits.flatMap((visit) =>
      visit.changes.filter((c) => c.line === line && c.key === key),
    )
    if (!possible.some(({ value }) => same(value, under(record, key)))) wrong.push(`${line} has lost ${key}`)
    // One writer alone: its last word stands.
    if (candidates.length === 1 && possible.length === 1 && !same(candidates[0]?.value, under(record, key))) {
      wrong.push(`${line} has not ${key} as ${JSON.stringify(candidates[0]?.value)}`)
    }
  }
  if (line !== 'seed') return
  for (const key of Object.keys(world.seedData)) {
    if (key !== 'n' && !keys.has(key) && !same(record[key], world.seedData[key]))
      wrong.push(`seed has lost ${key}`)
  }
}

/** Of what was given up nobody was told that it is saved. */
function mustStay(world: SessionWorld, change: Change): boolean {
  const visit = world.visits.find(({ changes }) => changes.includes(change))
  return world.timers.expired === 0 || (visit?.status ?? 500) < 400
}

function lastOf(visit: Visit, line: string, key: string): Change[] {
  const change = visit.changes.filter((one) => one.line === line && one.key === key).at(-1)
  return change ? [change] : []
}

function judgeCounters(world: SessionWorld, wrong: string[]): void {
  // The last write wins, with all the numbers that it has not changed.
  if (world.mode === 'overwrite') return
  if (world.tooLate) return
  for (const [line, id] of world.lines.current()) {
    const n = world.record(id)?.['n']
    if (n === undefined) continue
    let sure = 0
    let doubtful = 0
    for (const { updates } of world.visits) {
      sure += updates.get(line)?.sure ?? 0
      doubtful += updates.get(line)?.doubtful ?? 0
    }
    if (n < sure || n > sure + doubtful)
      wrong.push(`${sure} updates (and ${doubtful} doubtful) have counted ${n}`)
  }
}

/**
 * What a client was told is saved was, or its session was ended by another: and then that was told. Of what a client
 * has left behind nobody is told that it is saved; that it is not is told all the same, as an ending or a failure.
 */
function judgeLosses(world: SessionWorld, wrong: string[]): void {
  const { interrupted, storeError } = world.told
  let losers = 0
  let leavers = 0
  for (const visit of world.visits) {
    const left = visit.aborted && visit.status === undefined
    if (left && visit.errors.length === 0) world.mustBeSaved(visit, visit.promised)
    const lost = visit.unsaved.filter(({ line }) => !visit.endedLines.has(line))
    if (lost.length === 0) continue
    if (left) leavers++
    else losers++
    for (const { line, key } of left ? [] : lost) {
      if (!maybeEnded(world, line)) wrong.push(`${visit.label} was told that ${key} is saved, and it is not`)
    }
  }
  if (interrupted < losers) wrong.push(`${losers} requests lost changes, ${interrupted} events tell so`)
  else if (interrupted + storeError < losers + leavers)
    wrong.push(`${leavers} changes were lost behind a client that left, and nothing tells so`)
  const ended = [...world.lines.current().keys()].some((line) => maybeEnded(world, line))
  if (interrupted > 0 && !ended) wrong.push('an interruption is told, and nothing was ended')
}

const ENDINGS = ['destroy', 'remove']

/** Somebody has ended it, or has tried to: then nobody knows, and nothing is written to be on the safe side. */
function maybeEnded(world: SessionWorld, line: string): boolean {
  const ids = world.lines.idsOf(line)
  return (
    ids.some((id) => world.calls.ended.has(id)) ||
    world.calls.all.some(
      ({ verb, key, failed }) =>
        ENDINGS.includes(verb) && ids.includes(key) && (failed || world.timers.expired > 0),
    )
  )
}
