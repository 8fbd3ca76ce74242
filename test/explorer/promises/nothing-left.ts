import { flightsOf } from '../../../lib/keeper/foreign/flights'
import { commitQueuesOf } from '../../../lib/keeper/own/commit-queue'
import type { SessionWorld } from '../world'

/** Nothing is left behind in the process when all requests are through. */
export function nothingIsLeft(world: SessionWorld): string[] {
  const wrong: string[] = []
  if (world.store) {
    const { size } = flightsOf(world.store)
    if (size > 0) wrong.push(`${size} flights are left over`)
  }
  for (const store of world.ourStores) {
    const { size } = commitQueuesOf(store)
    if (size > 0) wrong.push(`${size} queues of commits are left over`)
  }
  if (world.timers.running > 0) wrong.push(`${world.timers.running} timers are left over`)
  return wrong
}
