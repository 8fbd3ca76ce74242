import type { Data } from '../record/text'

/**
 * How far the taking over of a session from another store has come. It stands in the record's cookie, where no
 * session middleware looks, and only until the original has been removed.
 *
 * - `copied`: the copy is made, the original may still stand. Who made it looks whether somebody has ended the
 *   session meanwhile, and drops the copy then.
 * - `kept`: another request needs it and has settled that it stays. From here the original may go.
 * - `ended`: the session was ended by its key while the original could still stand. Nothing of it is left but this
 *   note, which keeps the original from being taken over again.
 */
export type Stage = 'copied' | 'kept' | 'ended'

const NAME = 'moving'
const STAGES: ReadonlySet<unknown> = new Set<Stage>(['copied', 'kept', 'ended'])
const SIGN = `"${NAME}":`

/** The whole record of a session that was ended. */
export const ENDED: string = withStage({ cookie: {} }, 'ended')

/** Cheap, for the many records that have none. */
export function mayHaveStage(text: string): boolean {
  return text.includes(SIGN)
}

export function stageOf(record: { cookie: Data } | undefined): Stage | undefined {
  const stage = record?.cookie[NAME]
  return STAGES.has(stage) ? (stage as Stage) : undefined
}

/** @param record changed in passing: it gets the stage, or loses it */
export function withStage(record: { cookie: Data }, stage: Stage | undefined): string {
  if (stage) record.cookie[NAME] = stage
  else delete record.cookie[NAME]
  return JSON.stringify(record)
}
