import type { SessionWorld } from '../world'

/** P6: one write per changed commit. Asked where nothing fails, and unchanged sessions are not written. */
export function oneWritePerCommit(world: SessionWorld): string[] {
  if (!world.faultless || world.rewrites) return []
  const wrong: string[] = []
  const writes = world.calls.all.filter(
    (call) => call.text && call.tookEffect && (world.store || call.value === true),
  )
  for (const { label, program, aborted } of world.visits) {
    const own = writes.filter((call) => (world.store ? call.by : call.actor) === label)
    let most = program.sets + (aborted ? (program.setsAfterAbort ?? 0) : 0)
    // Compare-and-swap: what others commit before the old id is dead goes to the new one as well.
    if (world.backend && program.renews) most += writes.length - own.length
    if (own.length > most) wrong.push(`${label} writes ${own.length} times instead of ${most}`)
  }
  return wrong
}
