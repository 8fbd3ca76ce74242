import { drained, type Explored, STEPS_MAX, type Step, type World } from './scheduler'

/** Any schedule by a seeded generator of random numbers: beyond what can be run whole. */
export async function wander(make: () => World, seed: number, runs: number): Promise<Explored> {
  const seen: Explored = { schedules: 0, whole: false, violations: [], outcomes: new Set() }
  const random = mulberry32(seed)
  for (let run = 0; run < runs; run++) {
    const world = make()
    const schedule: string[] = []
    try {
      for (let depth = 0; depth < STEPS_MAX; depth++) {
        await drained()
        const steps = world.steps()
        const step = anyOf(steps, random, SCARCE_WEIGHTS[run % SCARCE_WEIGHTS.length] ?? 1)
        if (!step) break
        schedule.push(step.id)
        step.perform()
      }
      seen.schedules++
      const wrong = world.verdict()
      if (wrong.length > 0) seen.violations.push({ wrong, schedule })
    } finally {
      world.close()
    }
  }
  return seen
}

/** Misfortunes are possible all the time: taken as often as other steps they would all come at the beginning. */
const SCARCE_WEIGHTS = [1, 0.25, 0.06]

function anyOf(steps: readonly Step[], random: () => number, scarceWeight: number): Step | undefined {
  const weightOf = ({ scarce }: Step) => (scarce === undefined ? 1 : scarceWeight)
  let left = random() * steps.reduce((sum, step) => sum + weightOf(step), 0)
  for (const step of steps) {
    left -= weightOf(step)
    if (left < 0) return step
  }
  return steps.at(-1)
}

/** mulberry32: a small generator of good enough numbers that a seed repeats. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
