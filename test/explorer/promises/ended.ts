import { beyondRepair, createdLate, endsMayBeGivenUp, idsWithoutBrowser, renewedBefore } from '../excuses'
import type { SessionWorld } from '../world'

/** P3: what was ended stays ended, and no record stands in the store that nobody can end. */
export function endedStaysEnded(world: SessionWorld): string[] {
  const wrong: string[] = []
  if (!endsMayBeGivenUp(world)) {
    judgeRevivals(world, wrong)
    judgeOrphans(world, wrong)
  }
  for (const [line, asked] of world.acknowledgedEnds) {
    const alive = world.lines.idsOf(line).some((id) => world.record(id) && !createdLate(world, id))
    if (alive && !beyondRepair(world, line) && !renewedBefore(world, line, asked))
      wrong.push(`${line} was ended, and lives on`)
  }
  return wrong
}

function judgeRevivals(world: SessionWorld, wrong: string[]): void {
  for (const name of world.calls.revived) wrong.push(`${name} was written after its end`)
  for (const id of world.calls.ended) {
    if (world.record(id)) wrong.push(`${world.calls.nameOf(id)} stands in the store after its end`)
  }
  // What would let a third-party store bring a session back: compare-and-swap sees that by itself.
  if (world.store) for (const call of world.calls.crossed) wrong.push(`${call} came beside another write`)
}

function judgeOrphans(world: SessionWorld, wrong: string[]): void {
  const known = new Set([...world.lines.current().values(), ...world.cookies, ...idsWithoutBrowser(world)])
  for (const id of world.ids()) {
    if (!known.has(id)) wrong.push(`${world.calls.nameOf(id)} stands in the store and nobody has its id`)
  }
}
