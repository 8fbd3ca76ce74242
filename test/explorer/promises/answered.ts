import type { SessionWorld } from '../world'

/** Every request gets a response, every handler goes on, and every method answers exactly once. */
export function everyRequestIsAnswered(world: SessionWorld): string[] {
  const wrong: string[] = []
  for (const { label, aborted, status, res, program, finished, methods } of world.visits) {
    const answered = status !== undefined || res.destroyed
    if (!answered && !aborted && !program.endless) wrong.push(`${label} hangs: no response`)
    if (status !== undefined && !finished && status < 400) wrong.push(`${label}: its handler hangs`)
    if (methods.asked !== methods.answered)
      wrong.push(`${label}: ${methods.asked} calls, ${methods.answered} answers`)
  }
  return wrong
}
