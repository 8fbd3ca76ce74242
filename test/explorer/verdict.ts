import { flightsOf } from '../../lib/store/flights'
import type { Change, Visit } from './visit'
import { type SessionWorld, same, under } from './world'

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
  if (visit.asked !== visit.answered) wrong.push(`${label}: ${visit.asked} calls, ${visit.answered} answers`)
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
  for (const line of world.acknowledgedEnds) {
    const alive = world.idsOf(line).some((id) => world.record(id))
    if (alive && !world.tooLate && !renewedBefore(world, line)) wrong.push(`${line} was ended, and lives on`)
  }
  for (const id of world.emptyCookies)
    wrong.push(`a cookie for ${world.calls.nameOf(id)}, which was not saved`)
}

/**
 * Who ends an id that another request has just given up for a new one has ended nothing. In one process that is
 * so only when the old record was on its way out before.
 */
function renewedBefore(world: SessionWorld, line: string): boolean {
  if (!world.renewals.has(line)) return false
  const asked = world.endsAsked.get(line) ?? 0
  const ids = world.idsOf(line)
  const removed = world.calls.all.findIndex(({ verb, key }) => verb === 'destroy' && ids.includes(key))
  return world.backend !== undefined || removed < asked
}

function judgeOrphans(world: SessionWorld, wrong: string[]): void {
  const known = new Set([...world.current.values(), ...world.cookies])
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
  for (const [line, id] of world.current) {
    const record = world.record(id)
    if (!record) {
      const excused = world.idsOf(line).some((one) => world.calls.ended.has(one)) || neverSaved(world, line)
      if (!excused) wrong.push(`${line} is gone, and nobody ended it`)
      continue
    }
    judgeKeys(world, line, record, wrong)
  }
}

function neverSaved(world: SessionWorld, line: string): boolean {
  const ids = world.idsOf(line)
  return (
    line !== 'seed' && !world.calls.all.some((call) => call.text && call.tookEffect && ids.includes(call.key))
  )
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
  for (const [line, id] of world.current) {
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

/** What a client was told is saved was, or its session was ended by another: and then that was told. */
function judgeLosses(world: SessionWorld, wrong: string[]): void {
  const { calls } = world
  let losers = 0
  for (const visit of world.visits) {
    if (visit.aborted && visit.errors.length === 0) world.mustBeSaved(visit, visit.promised)
    const lost = visit.unsaved.filter(({ line }) => !visit.endedLines.has(line))
    if (lost.length === 0) continue
    if (visit.aborted && calls.failures.length > 0) continue
    losers++
    for (const { line, key } of lost) {
      if (!maybeEnded(world, line)) wrong.push(`${visit.label} was told that ${key} is saved, and it is not`)
    }
  }
  if (world.interrupted < losers)
    wrong.push(`${losers} requests lost changes, ${world.interrupted} events tell so`)
  const ended = [...world.current.keys()].some((line) => maybeEnded(world, line))
  if (world.interrupted > 0 && !ended) wrong.push('an interruption is told, and nothing was ended')
}

const ENDINGS = ['destroy', 'remove']

/** Somebody has ended it, or has tried to: then nobody knows, and nothing is written to be on the safe side. */
function maybeEnded(world: SessionWorld, line: string): boolean {
  const ids = world.idsOf(line)
  return (
    ids.some((id) => world.calls.ended.has(id)) ||
    world.calls.all.some(
      ({ verb, key, failed }) =>
        ENDINGS.includes(verb) && ids.includes(key) && (failed || world.timers.expired > 0),
    )
  )
}
