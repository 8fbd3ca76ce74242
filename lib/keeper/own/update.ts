import type { Entry, Replaced } from '../../backend/contract'
import { type Awaitable, ignore, isPromise } from '../../base/async'
import { systemClock } from '../../base/clock'
import { type Data, dataText, parseData } from '../../record/text'
import type { Updated, Updater } from '../contract'
import type { CommitQueue } from './commit-queue'
import type { Draft } from './draft'

/** What an update asks of the store and of those who commit beside it; each within what is left of its time. */
export interface UpdateCalls {
  /** What all waiting together may take; the function of the update takes as long as it does. */
  readonly limitMs: number
  turn(limitMs: number): Promise<CommitQueue>
  swap(seen: string, limitMs: number): Awaitable<Replaced>
  /** Waits for those who run again already. @returns what lets the next one go on */
  runAgain(): Promise<() => void>
}

/** An attempt whose function has not answered yet. */
interface Pending<R> {
  readonly answer: Promise<R>
  readonly data: Data
  readonly seen: string
}

/**
 * Reads, changes and writes in one turn where `change` answers at once. What it waits for must not keep others
 * waiting: then it writes in a later turn, and runs again when somebody was quicker. Those that run again do so one
 * after the other, or N side by side would run N²/2 times.
 *
 * @returns `undefined`: the session is gone
 */
export async function updateByTurns<R>(
  draft: Draft,
  change: Updater<R>,
  calls: UpdateCalls,
): Promise<Updated<R> | undefined> {
  const update = new Update(draft, change, calls)
  let next: (() => void) | undefined
  try {
    for (;;) {
      const attempt = await update.attempt()
      if (!attempt || 'result' in attempt) return attempt
      const done = await update.finish(attempt)
      if (done !== 'again') return done
      next ??= await calls.runAgain()
    }
  } finally {
    next?.()
  }
}

class Update<R> {
  readonly #draft: Draft
  readonly #change: Updater<R>
  readonly #calls: UpdateCalls
  #leftMs: number
  /** What stood in the store when a swap has failed. */
  #theirs: Entry | undefined = undefined

  constructor(draft: Draft, change: Updater<R>, calls: UpdateCalls) {
    this.#draft = draft
    this.#change = change
    this.#calls = calls
    this.#leftMs = calls.limitMs
  }

  async attempt(): Promise<Updated<R> | Pending<R> | undefined> {
    const draft = this.#draft
    const queue = await this.#timed(() => this.#calls.turn(this.#leftMs))
    try {
      let entry = draft.guess(queue.lastWritten, this.#theirs)
      for (;;) {
        if (!draft.onto(entry)) return undefined
        const data = parseData(draft.data)
        const result = this.#change(data)
        if (isPromise(result)) return { answer: awaitedLater(result), data, seen: entry.body }
        draft.with(dataText(data))
        const answer = await this.#swap(entry.body, queue)
        if (answer === true) return { result }
        if (!answer) return undefined
        entry = answer
      }
    } finally {
      queue.next()
    }
  }

  async finish({ answer, data, seen }: Pending<R>): Promise<Updated<R> | 'again' | undefined> {
    const result = await answer
    const queue = await this.#timed(() => this.#calls.turn(this.#leftMs))
    try {
      this.#draft.with(dataText(data))
      const swapped = await this.#swap(seen, queue)
      if (swapped === true) return { result }
      return swapped && 'again'
    } finally {
      queue.next()
    }
  }

  async #swap(seen: string, queue: CommitQueue): Promise<Replaced> {
    const answer = await this.#timed(() => this.#calls.swap(seen, this.#leftMs))
    queue.lastWritten = answer === true ? this.#draft.written : answer
    this.#theirs = answer === true ? undefined : answer
    return answer
  }

  async #timed<T>(wait: () => Awaitable<T>): Promise<T> {
    const before = systemClock()
    const answer = await wait()
    this.#leftMs -= systemClock() - before
    return answer
  }
}

/** It may fail before anybody awaits it. */
function awaitedLater<R>(result: PromiseLike<R>): Promise<R> {
  const answer = Promise.resolve(result)
  answer.catch(ignore)
  return answer
}
