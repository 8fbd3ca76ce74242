import { everyRequestIsAnswered } from './promises/answered'
import { oneWritePerCommit } from './promises/cheap'
import { endedStaysEnded } from './promises/ended'
import { noUpdateIsLost } from './promises/no-update-lost'
import { nothingIsLeft } from './promises/nothing-left'
import { aResponseMeansSaved } from './promises/saved'
import { nothingIsSilent } from './promises/told'
import type { SessionWorld } from './world'

/** What must hold when nothing more can happen. */
const PROMISES = [
  everyRequestIsAnswered,
  aResponseMeansSaved,
  noUpdateIsLost,
  endedStaysEnded,
  nothingIsSilent,
  oneWritePerCommit,
  nothingIsLeft,
]

/** @returns what does not hold, in words */
export function judge(world: SessionWorld): string[] {
  // What clients have left behind should be saved too, as far as their handlers have promised it.
  for (const visit of world.visits) {
    if (visit.left && visit.errors.length === 0) world.mustBeSaved(visit, visit.promised)
  }
  return PROMISES.flatMap((promise) => promise(world))
}
