import { systemClock } from '../base/clock'
import { timers } from '../base/timers'

interface Due<K> {
  readonly at: number
  readonly key: K
}

/** No more turns than this many a second, however many deadlines there are. */
const LEAST_MS = 20
const MOST_MS = 3_600_000

/** Calls back for each key when its time has come, by one timer that keeps no process alive. */
export class Deadlines<K> {
  /** A binary heap, the nearest in front. */
  readonly #heap: Due<K>[] = []
  readonly #reached: (key: K, at: number) => void
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity

  /** @param reached told no earlier than the time `at` that it was given for the key */
  constructor(reached: (key: K, at: number) => void) {
    this.#reached = reached
  }

  /** @param at epoch ms; `Infinity` is never reached and costs nothing */
  add(key: K, at: number): void {
    if (at === Infinity) return
    const heap = this.#heap
    const due = { at, key }
    let place = heap.length
    for (;;) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (place === 0 || !parent || parent.at <= at) break
      heap[place] = parent
      place = above
    }
    heap[place] = due
    if (at < this.#timerAt) this.#schedule()
  }

  clear(): void {
    this.#heap.length = 0
    timers.clearTimeout(this.#timer)
    this.#timerAt = Infinity
  }

  #schedule(): void {
    timers.clearTimeout(this.#timer)
    const [next] = this.#heap
    this.#timerAt = next?.at ?? Infinity
    if (!next) return
    const delayMs = Math.min(Math.max(next.at - systemClock(), LEAST_MS), MOST_MS)
    this.#timer = timers.setTimeout(() => this.#turn(), delayMs)
    this.#timer.unref?.()
  }

  #turn(): void {
    const now = systemClock()
    for (let next = this.#heap[0]; next && next.at <= now; next = this.#heap[0]) {
      this.#removeFirst()
      this.#reached(next.key, next.at)
    }
    this.#schedule()
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      const [a, b] = [heap[left], heap[left + 1]]
      const child = b && a && b.at < a.at ? left + 1 : left
      const below = heap[child]
      if (!below || below.at >= last.at) break
      heap[place] = below
      place = child
    }
    heap[place] = last
  }
}
