import type { TestContext } from 'node:test'
import { PROGRAMS, type ProgramName } from './programs'
import { type Explored, explore, type Violation, wander } from './scheduler'
import { SessionWorld, type WorldOptions } from './world'

/** `SOJOURN_EXPLORE=full`: every pair and triple, minutes of it. */
export const FULL = process.env['SOJOURN_EXPLORE'] === 'full'

export type Setup = Omit<WorldOptions, 'programs'>

/** All combinations of a size, with repetition: order makes no difference, since every order is explored. */
export function combinations(names: readonly ProgramName[], size: number): ProgramName[][] {
  if (size === 0) return [[]]
  return names.flatMap((name, index) =>
    combinations(names.slice(index), size - 1).map((rest) => [name, ...rest]),
  )
}

export function worldOf(setup: Setup, names: readonly ProgramName[]): () => SessionWorld {
  return () => new SessionWorld({ ...setup, programs: names.map((name) => PROGRAMS[name]) })
}

/** Whether requests share nothing inside the process: true of our own stores, as long as no clock runs. */
function sharedNothing(setup: Setup): boolean {
  return setup.store === 'backend' && setup.timeoutMs === undefined && !setup.oneProcess
}

export function exploreAll(setup: Setup, names: readonly ProgramName[], limit?: number): Promise<Explored> {
  return explore(worldOf(setup, names), {
    sharedNothing: sharedNothing(setup),
    ...(limit === undefined ? {} : { limit }),
  })
}

/** Explores every schedule of every combination and fails with the shortest that is wrong. */
export async function everySchedule(
  context: TestContext,
  setup: Setup,
  combos: readonly (readonly ProgramName[])[],
  limit?: number,
): Promise<number> {
  let schedules = 0
  let cut = 0
  for (const names of combos) {
    const seen = await exploreAll(setup, names, limit)
    schedules += seen.schedules
    if (!seen.whole) cut++
    mustBeRight(names, seen.violations)
  }
  const bound = cut > 0 ? `; ${cut} of ${combos.length} combinations cut off at ${limit} each` : ''
  context.diagnostic(`explored ${schedules} schedules${bound}`)
  return schedules
}

/** Beyond what can be explored whole: random schedules of random combinations. */
export async function someSchedules(
  context: TestContext,
  setup: Setup,
  names: readonly ProgramName[],
  size: number,
  runs: number,
): Promise<void> {
  const seed = Number(process.env['SOJOURN_SEED'] ?? 1)
  let schedules = 0
  const combos = combinations(names, size)
  const step = Math.max(1, Math.floor(combos.length / 200))
  const chosen = combos.filter((_, index) => index % step === seed % step)
  for (const [index, combo] of chosen.entries()) {
    const seen = await wander(worldOf(setup, combo), seed + index, Math.ceil(runs / chosen.length))
    schedules += seen.schedules
    mustBeRight(combo, seen.violations)
  }
  context.diagnostic(`explored ${schedules} schedules at random, seed ${seed} (SOJOURN_SEED)`)
}

function mustBeRight(names: readonly ProgramName[], violations: readonly Violation[]): void {
  const worst = shortest(violations)
  if (!worst) return
  throw new Error(`${names.join(' + ')}: ${worst.wrong.join('; ')}\n${worst.schedule.join('\n')}`)
}

export function shortest(violations: readonly Violation[]): Violation | undefined {
  return [...violations].sort((a, b) => a.schedule.length - b.schedule.length)[0]
}
