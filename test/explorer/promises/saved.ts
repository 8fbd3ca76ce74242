import { lossesOf, maybeEnded } from '../excuses'
import type { SessionWorld } from '../world'

/** P1: a response that arrives means a session that is saved, and a cookie means a record behind it. */
export function aResponseMeansSaved(world: SessionWorld): string[] {
  const wrong: string[] = []
  for (const visit of world.visits) {
    // Of what a client has left behind nobody is told that it is saved: see `told.ts`.
    if (visit.left) continue
    for (const { line, key } of lossesOf(visit)) {
      if (!maybeEnded(world, line)) wrong.push(`${visit.label} was told that ${key} is saved, and it is not`)
    }
  }
  for (const id of world.emptyCookies)
    wrong.push(`a cookie for ${world.calls.nameOf(id)}, which was not saved`)
  return wrong
}
