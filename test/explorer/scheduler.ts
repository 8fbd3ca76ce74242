/** What is known of a step in every schedule that begins alike. */
export interface StepFacts {
  readonly id: string
  /** `inside`: code of the process runs. `effect`: something happens in the store alone. */
  readonly kind: 'inside' | 'effect'
  /** Whose code runs; matters only where requests share nothing but what they have `met`. */
  readonly owner: string
  /** The store call that this is a step of. */
  readonly call?: string
  /** Effects: the record that is read or written. */
  readonly key?: string
  readonly writes?: boolean
  /** Uses up a shared allowance (of failures, of aborts), so that taking it can rule out another step. */
  readonly scarce?: string
  /** Moves the clock: all that waits for it depends on it. */
  readonly clock?: boolean
  /** Known when it was taken once from where it is offered. */
  met?: Met
}

/**
 * What a step has met of what requests share inside the process: `queue`, it has looked at or changed who commits what;
 * `others`, somebody waits there, so that code of another request may have run.
 */
export type Met = 'nothing' | 'queue' | 'others'

/** One thing that may happen next. */
export interface Step extends StepFacts {
  perform(): void
}

/** What is explored: made anew for every schedule, and doing the same thing when the same steps are taken. */
export interface World {
  steps(): Step[]
  /** Called when nothing can happen any more. @returns what is wrong */
  verdict(): string[]
  /** What the step that was taken last has met. */
  met?(): Met
  /** What has come of it, to compare two ways of exploring. */
  outcome(): string
  close(): void
}

export interface ExploreOptions {
  /** One of the schedules that differ only in the order of independent steps. Default true. */
  reduce?: boolean
  /** Requests share nothing inside the process but what `met` tells of. */
  sharedNothing?: boolean
  /** Stops after so many complete schedules and says so. */
  limit?: number
  /** Stops at the first violation. */
  untilViolation?: boolean
}

export interface Explored {
  /** Complete schedules that were run and judged. */
  schedules: number
  /** Whether that was all of them. */
  whole: boolean
  violations: Violation[]
  outcomes: Set<string>
}

export interface Violation {
  wrong: string[]
  schedule: string[]
}

interface Node {
  /** Facts alone: a step would keep its whole world from being collected. */
  readonly steps: readonly StepFacts[]
  /** Steps whose schedules from here on have been seen in another order already. */
  readonly asleep: Map<string, StepFacts>
  chosen: StepFacts
}

/** Taken before any clock is stopped. */
const { setImmediate: nextTurn } = require('node:timers') as typeof import('node:timers')

export const STEPS_MAX = 400

/** Resolves when no microtask and no tick is left: Node runs both dry before it begins another turn. */
export function drained(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve)
  })
}

/**
 * Runs every schedule: depth first over the choices, each run from scratch.
 *
 * With `reduce`, sleep sets (Godefroid 1996, chapter 5) leave out schedules that differ from one already run only
 * in the order of neighbouring independent steps. Independent means: neither order changes the state that comes of
 * it, what is enabled, or what the verdict looks at.
 */
export async function explore(make: () => World, options: ExploreOptions = {}): Promise<Explored> {
  const { limit = Number.POSITIVE_INFINITY } = options
  const seen: Explored = { schedules: 0, whole: true, violations: [], outcomes: new Set() }
  const path: Node[] = []
  for (;;) {
    await runOnce(make, path, options, seen)
    if (!backtrack(path)) return seen
    if (seen.schedules >= limit || (options.untilViolation && seen.violations.length > 0)) {
      seen.whole = false
      return seen
    }
  }
}

async function runOnce(
  make: () => World,
  path: Node[],
  options: ExploreOptions,
  seen: Explored,
): Promise<void> {
  const world = make()
  try {
    for (let depth = 0; ; depth++) {
      await drained()
      const before = path[depth - 1]
      if (before && world.met) before.chosen.met = world.met()
      const steps = world.steps()
      if (depth >= STEPS_MAX) throw new Error(`a schedule of more than ${STEPS_MAX} steps`)
      if (steps.length === 0) break
      const known = path[depth]
      if (known) mustRepeat(known, steps)
      const node = known ?? nextNode(path, depth, steps, options)
      // All that could go on from here has been seen in another order.
      if (!node) return
      perform(steps, node.chosen)
    }
    seen.schedules++
    seen.outcomes.add(world.outcome())
    const wrong = world.verdict()
    if (wrong.length > 0) seen.violations.push({ wrong, schedule: path.map(({ chosen }) => chosen.id) })
  } finally {
    world.close()
  }
}

function nextNode(path: Node[], depth: number, steps: Step[], options: ExploreOptions): Node | undefined {
  const asleep = new Map<string, StepFacts>()
  const before = path[depth - 1]
  if (before && options.reduce !== false) {
    for (const step of before.asleep.values()) {
      if (independent(step, before.chosen, options.sharedNothing === true)) asleep.set(step.id, step)
    }
  }
  const facts = steps.map(({ perform, ...rest }): StepFacts => rest)
  const chosen = facts.find((step) => !asleep.has(step.id))
  if (!chosen) return undefined
  const node = { steps: facts, asleep, chosen }
  path.push(node)
  return node
}

/** Moves on to the next choice not yet taken. `false`: there is none. */
function backtrack(path: Node[]): boolean {
  for (let node = path.at(-1); node; node = path.at(-1)) {
    // With `reduce: false` this only marks what was taken here; it is not handed down.
    node.asleep.set(node.chosen.id, node.chosen)
    const chosen = node.steps.find((step) => !node.asleep.has(step.id))
    if (chosen) {
      node.chosen = chosen
      return true
    }
    path.pop()
  }
  return false
}

function mustRepeat(known: Node, steps: Step[]): void {
  const before = known.steps.map((step) => step.id).join(' ')
  const now = steps.map((step) => step.id).join(' ')
  if (before !== now) throw new Error(`not deterministic: first\n${before}\nthen\n${now}`)
}

function perform(steps: Step[], chosen: StepFacts): void {
  const step = steps.find((one) => one.id === chosen.id)
  if (!step) throw new Error(`not deterministic: ${chosen.id} cannot be taken again`)
  step.perform()
}

/** Whether the order of two steps makes no difference to anything that is looked at. */
export function independent(a: StepFacts, b: StepFacts, sharedNothing: boolean): boolean {
  if (a.call !== undefined && a.call === b.call) return false
  if (a.scarce !== undefined && a.scarce === b.scarce) return false
  if (a.kind === 'effect' && b.kind === 'effect') return a.key !== b.key || !(a.writes || b.writes)
  if (a.clock || b.clock) return a.kind !== b.kind
  if (a.kind !== b.kind) return true
  return sharedNothing && a.owner !== b.owner && apart(a.met, b.met)
}

/** Both have been taken from the same state, or from one that independent steps have led to. */
function apart(one: Met = 'nothing', other: Met = 'nothing'): boolean {
  if (one === 'others' || other === 'others') return false
  return one === 'nothing' || other === 'nothing'
}

/** Runs one given schedule, and then whatever comes first: to look at it again. */
export async function replay(make: () => World, schedule: readonly string[]): Promise<string[]> {
  const world = make()
  try {
    for (let depth = 0; depth < STEPS_MAX; depth++) {
      await drained()
      const steps = world.steps()
      const [first] = steps
      if (!first) break
      const wanted = schedule[depth]
      const step = steps.find(({ id }) => id === wanted)
      if (wanted !== undefined && !step)
        throw new Error(`${wanted} cannot be taken; ${steps.map(({ id }) => id)}`)
      ;(step ?? first).perform()
    }
    return world.verdict()
  } finally {
    world.close()
  }
}
