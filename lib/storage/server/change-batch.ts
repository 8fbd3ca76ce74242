import type { Entry } from '../../backend/contract'
import type { Decide, Outcome } from '../../backend/key-change'

interface Waiting {
  readonly decide: Decide<unknown>
  readonly resolve: (answer: never) => void
  readonly reject: (error: unknown) => void
}

type Result = { readonly answer: unknown } | { readonly error: unknown }

/**
 * Changes of one key that wait for the work ahead of them. They are decided one after the other, each from what the one
 * before leaves, and written once: what stands in between was seen by nobody, and all are answered when the last is
 * written.
 */
export class ChangeBatch {
  readonly #waiting: Waiting[] = []

  /** @returns what `decide` answers, once the batch is written */
  add<T>(decide: Decide<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => this.#waiting.push({ decide, resolve, reject }))
  }

  /** All of them as one decision. Pure, as each is: called again when another writer was quicker. */
  decider(now: () => number): Decide<readonly Result[]> {
    return (current) => {
      const results: Result[] = []
      let entry = current
      let to: Outcome = 'keep'
      for (const { decide } of this.#waiting) {
        try {
          const change = decide(entry)
          results.push(change)
          if (change.to === 'keep') continue
          entry = applied(entry, change.to, now())
          to = entry === undefined ? 'remove' : next(to, change.to, entry)
        } catch (error) {
          results.push({ error })
        }
      }
      return { to, answer: results }
    }
  }

  settle(results: readonly Result[]): void {
    for (const [i, { resolve, reject }] of this.#waiting.entries()) {
      const result = results[i]
      if (result !== undefined && 'answer' in result) resolve(result.answer as never)
      else reject(result?.error)
    }
  }

  fail(error: unknown): void {
    for (const { reject } of this.#waiting) reject(error)
  }
}

/** What stands there after a change. A deadline that is past leaves nothing. */
function applied(entry: Entry | undefined, to: Exclude<Outcome, 'keep'>, now: number): Entry | undefined {
  if (to === 'remove' || to.expires <= now) return undefined
  if (to.body !== undefined) return to
  return entry && { ...copyOfEntry(entry), expires: to.expires }
}

/** A batch that only moved the deadline of what was there writes no body. */
function next(before: Outcome, to: Outcome, entry: Entry): Outcome {
  const onlyMoves = typeof to === 'object' && to.body === undefined
  const onlyMovedBefore = before === 'keep' || (typeof before === 'object' && before.body === undefined)
  return onlyMoves && onlyMovedBefore ? to : entry
}

/** What a decision is shown may hold only while it runs. */
export function copyOfEntry({ body, expires, owner }: Entry): Entry {
  return owner === undefined ? { body, expires } : { body, expires, owner }
}
