import type { Visit } from '../visit'
import type { SessionWorld } from '../world'

/** P6: one write per changed commit. Asked where nothing fails, and unchanged sessions are not written. */
export function oneWritePerCommit(world: SessionWorld): string[] {
  if (!world.faultless || world.rewrites) return []
  const wrong: string[] = []
  const writes = world.calls.all.filter(
    (call) => call.text && call.tookEffect && (world.store || call.value === true),
  )
  if (world.joins) return fewSwaps(world, writes.length)
  for (const visit of world.visits) {
    const { label, program } = visit
    const own = writes.filter((call) => (world.store ? call.by : call.actor) === label)
    let most = mostWrites(visit)
    // Compare-and-swap: what others commit before the old id is dead goes to the new one as well.
    if (world.backend && program.renews) most += writes.length - own.length
    if (own.length > most) wrong.push(`${label} writes ${own.length} times instead of ${most}`)
  }
  return wrong
}

function mostWrites({ program, aborted }: Visit): number {
  return program.sets + (aborted ? (program.setsAfterAbort ?? 0) : 0)
}

/**
 * Where one request writes what others wait with, nobody knows whose a write is; all of them together write no more
 * often than each by itself. A commit meets another's write once at most: those of one process do not race.
 */
function fewSwaps(world: SessionWorld, writes: number): string[] {
  const wrong: string[] = []
  const most = world.visits.reduce((sum, visit) => sum + mostWrites(visit), 0)
  const renews = world.visits.some(({ program }) => program.renews)
  if (!renews && writes > most) wrong.push(`${writes} writes instead of ${most}`)
  const vain = world.calls.all.filter(
    ({ verb, value, state }) =>
      verb === 'replace' && state === 'answered' && value !== true && value !== undefined,
  )
  if (vain.length > most) wrong.push(`${vain.length} swaps in vain for ${most} commits`)
  return wrong
}
