import { type Change, same, under } from '../changes'
import { lastWriteWins, mayBeGone, mustStay } from '../excuses'
import type { Visit } from '../visit'
import type { SessionWorld } from '../world'

/** P2: no update is lost, none is seen or stored by halves, and counters count exactly. */
export function noUpdateIsLost(world: SessionWorld): string[] {
  const wrong: string[] = []
  for (const { label, torn } of world.visits) if (torn) wrong.push(`${label} has seen half of a change`)
  // A write that happens after it was given up may put old data back; it is undone where it brings back what was ended.
  if (world.tooLate) return wrong
  judgeHalves(world, wrong)
  for (const [line, id] of world.lines.current()) {
    const record = world.record(id)
    if (record) {
      judgeKeys(world, line, record, wrong)
      judgeCounter(world, line, record, wrong)
    } else if (!mayBeGone(world, line)) wrong.push(`${line} is gone, and nobody ended it`)
  }
  return wrong
}

/** Keys that are only ever set together. */
function judgeHalves(world: SessionWorld, wrong: string[]): void {
  for (const text of world.calls.texts) {
    const { x, y } = JSON.parse(text)
    if (x !== y) wrong.push('half of a change was stored')
  }
}

/** Every change that got through is there, unless another request has changed the same key. */
function judgeKeys(world: SessionWorld, line: string, record: Record<string, any>, wrong: string[]): void {
  if (lastWriteWins(world)) return
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
}

function lastOf(visit: Visit, line: string, key: string): Change[] {
  const change = visit.changes.filter((one) => one.line === line && one.key === key).at(-1)
  return change ? [change] : []
}

/** Each `update` that succeeded has counted once; one that failed, once or not at all. */
function judgeCounter(world: SessionWorld, line: string, record: Record<string, any>, wrong: string[]): void {
  if (lastWriteWins(world)) return
  const n = record['n']
  if (n === undefined) return
  let sure = 0
  let doubtful = 0
  for (const { updates } of world.visits) {
    sure += updates.get(line)?.sure ?? 0
    doubtful += updates.get(line)?.doubtful ?? 0
  }
  if (n < sure || n > sure + doubtful)
    wrong.push(`${sure} updates (and ${doubtful} doubtful) have counted ${n}`)
}
