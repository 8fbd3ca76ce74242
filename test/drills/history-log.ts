import { appendFileSync, readFileSync } from 'node:fs'

/**
 * What the processes of a history write down. Two lines an operation, before and after, so that what a killed
 * process had under way is known to be unsure. Times are of the machine's monotonic clock, which all share.
 */
export type Deed =
  /** `field` of the session was set to `value`: each process has a field, and counts up. */
  | { op: 'merge'; session: string; field: string; value: number }
  | { op: 'count'; session: string }
  | { op: 'touch'; session: string; expires: number }
  | { op: 'renew'; session: string; from: string }
  | { op: 'destroy'; session: string }
  | { op: 'create'; session: string; by: string }
  /** What stood there, field by field. */
  | { op: 'read'; session: string; fields: Record<string, number> | undefined }

export type Outcome =
  /** The store said that it is done. */
  | 'done'
  /** The store said that it is not: the key was gone, or taken. */
  | 'not'
  /** The store failed, or the process ended before it knew. */
  | 'unsure'

export type Event = Deed & { process: number; began: number; ended: number; outcome: Outcome }

/** Writes the history of one process. */
export class HistoryLog {
  readonly #file: string
  readonly #process: number
  #number = 0

  constructor(file: string, process: number) {
    this.#file = file
    this.#process = process
  }

  /** @param run does it; `true` and `false` are what the store answered */
  async deed<D extends Deed>(deed: D, run: (deed: D) => Promise<boolean>): Promise<Outcome> {
    const number = this.#number++
    this.#write({ number, process: this.#process, began: now(), ...deed })
    let outcome: Outcome = 'unsure'
    try {
      outcome = (await run(deed)) ? 'done' : 'not'
    } catch {
      // Whether the store has done it nobody knows.
    }
    this.#write({ number, ended: now(), outcome, ...deed })
    return outcome
  }

  #write(line: object): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`)
  }
}

export function readHistory(file: string): Event[] {
  const events = new Map<number, Event>()
  // A process that was killed may have left half a line at the end.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  for (const line of lines.map((each) => JSON.parse(each))) {
    const before = events.get(line.number) ?? { outcome: 'unsure', ended: Number.POSITIVE_INFINITY }
    events.set(line.number, { ...before, ...line })
  }
  return [...events.values()]
}

const now = (): number => Number(process.hrtime.bigint())
