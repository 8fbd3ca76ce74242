import { lossesOf, maybeEnded, mayFail } from '../excuses'
import type { SessionWorld } from '../world'

/** P4: nothing is silent, and nothing is told that did not happen. */
export function nothingIsSilent(world: SessionWorld): string[] {
  const wrong: string[] = []
  for (const { label, errors } of world.faultless ? world.visits : []) {
    for (const error of errors) {
      const words = String((error as any)?.code ?? (error as any)?.message ?? error)
      if (!mayFail(world, words)) wrong.push(`${label} fails for no reason: ${words}`)
    }
  }
  judgeLosses(world, wrong)
  for (const reason of world.rejections) wrong.push(`a rejection that nobody handles: ${reason}`)
  return wrong
}

/**
 * Each request that lost changes is told of: as an ending, or, where its client had left and nobody was told that
 * they are saved, as an ending or a failure.
 */
function judgeLosses(world: SessionWorld, wrong: string[]): void {
  const { interrupted, storeError } = world.told
  const lost = world.visits.filter((visit) => lossesOf(visit).length > 0)
  const leavers = lost.filter((visit) => visit.left).length
  const losers = lost.length - leavers
  if (interrupted < losers) wrong.push(`${losers} requests lost changes, ${interrupted} events tell so`)
  else if (interrupted + storeError < lost.length)
    wrong.push(`${leavers} changes were lost behind a client that left, and nothing tells so`)
  const ended = [...world.lines.current().keys()].some((line) => maybeEnded(world, line))
  if (interrupted > 0 && !ended) wrong.push('an interruption is told, and nothing was ended')
}
