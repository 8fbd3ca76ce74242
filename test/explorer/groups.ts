import type { TestContext } from 'node:test'
import { PROGRAMS, type ProgramName } from './programs'
import { wander } from './random-schedules'
import { type Explored, explore, type Violation } from './scheduler'
import { SessionWorld, type WorldOptions } from './world'

/**
 * How far to go beyond what every run explores. `SOJOURN_EXPLORE=2`, `5`, `20`, …: all pairs and many triples, each
 * cut off at so many times `SCHEDULES` and gone on with at random; `full`: to the end, which takes hours.
 */
const { SOJOURN_EXPLORE: wanted = '1' } = process.env
const width = wanted === 'full' ? Number.POSITIVE_INFINITY : Number(wanted)
if (!(width >= 1)) throw new TypeError(`SOJOURN_EXPLORE: expected a number from 1 or "full", got "${wanted}"`)

export const WIDE = width > 1

/** Of one combination of requests, in a wide run. */
const SCHEDULES = 100
const LIMIT = WIDE ? SCHEDULES * width : undefined

/** Of everything that is chosen at random. */
const SEED = Number(process.env['SOJOURN_SEED'] ?? 1)

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

/** Whether requests share no more than the queue of a session's commits: on a store of ours, as long as no clock runs. */
export function sharedNothing(setup: Setup): boolean {
  return setup.store === 'backend' && setup.timeoutMs === undefined
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
): Promise<void> {
  let schedules = 0
  let cut = 0
  for (const [index, names] of combos.entries()) {
    const seen = await exploreAll(setup, names, LIMIT)
    schedules += seen.schedules
    mustBeRight(names, seen.violations)
    if (seen.whole || LIMIT === undefined) continue
    cut++
    const more = await wander(worldOf(setup, names), SEED + index, LIMIT)
    schedules += more.schedules
    mustBeRight(names, more.violations)
  }
  const bound =
    cut > 0 ? `; ${cut} of ${combos.length} combinations cut off at ${LIMIT}, and as many at random` : ''
  context.diagnostic(`explored ${schedules} schedules${bound}`)
}

/** Beyond what can be explored whole: random schedules of random combinations. */
export async function someSchedules(
  context: TestContext,
  setup: Setup,
  names: readonly ProgramName[],
  size: number,
  runs: number,
): Promise<void> {
  let schedules = 0
  const combos = combinations(names, size)
  const step = Math.max(1, Math.floor(combos.length / 200))
  const chosen = combos.filter((_, index) => index % step === SEED % step)
  for (const [index, combo] of chosen.entries()) {
    const seen = await wander(
      worldOf(setup, combo),
      SEED + index,
      Math.ceil((runs * Math.min(width, 100)) / chosen.length),
    )
    schedules += seen.schedules
    mustBeRight(combo, seen.violations)
  }
  context.diagnostic(`explored ${schedules} schedules at random, seed ${SEED} (SOJOURN_SEED)`)
}

function mustBeRight(names: readonly ProgramName[], violations: readonly Violation[]): void {
  const worst = shortest(violations)
  if (!worst) return
  throw new Error(`${names.join(' + ')}: ${worst.wrong.join('; ')}\n${worst.schedule.join('\n')}`)
}

export function shortest(violations: readonly Violation[]): Violation | undefined {
  return [...violations].sort((a, b) => a.schedule.length - b.schedule.length)[0]
}
