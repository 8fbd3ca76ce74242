import { type Covered, cover, type Hold, isCollected, uncover } from './cover'
import { type HookedResponse, type ResponseStatus, statusOf } from './parts'
import { byteLengthOf, type Step } from './steps'

/** Of a response that names none. */
const HIGH_WATER_MARK_BYTES = 16 * 1024

/** The steps of a response that wait for its guards, and what the response shows meanwhile. */
export class WaitingSteps implements Hold {
  readonly steps: Step[]
  /** The response's status when its headers would have left; `undefined` where they have left. */
  readonly status: ResponseStatus | undefined
  /** A write that waits was answered `false`. */
  drainOwed = false
  readonly #res: HookedResponse
  #ended: boolean
  #bytes = 0
  readonly #hidesEnd: boolean
  /** What the response showed before; `undefined` while it shows itself. */
  #covered: Covered | undefined = undefined

  constructor(res: HookedResponse, first: Step, headersLeft: boolean) {
    this.#res = res
    this.steps = [first]
    this.status = headersLeft ? undefined : statusOf(res)
    this.#ended = first.kind === 'end'
    this.#hidesEnd = isCollected(res)
  }

  get looksEnded(): boolean {
    return this.#ended && !this.#hidesEnd
  }

  get full(): boolean {
    return !this.#ended && this.#bytes >= (this.#res.writableHighWaterMark || HIGH_WATER_MARK_BYTES)
  }

  push(step: Step): void {
    this.steps.push(step)
    if (step.kind !== 'end') return
    this.#ended = true
    if (!this.#covered) return
    this.uncover()
    this.cover()
  }

  /** Counts a write that waits. */
  count({ args }: Step): void {
    this.#bytes += byteLengthOf(args)
  }

  /** Counts what still waits after some steps were performed. */
  countAgain(): void {
    this.#bytes = 0
    for (const step of this.steps) if (step.kind === 'write') this.count(step)
  }

  /** Makes the response look sent. */
  cover(): void {
    this.#covered ??= cover(this.#res, this)
  }

  /** The response shows itself again. */
  uncover(): void {
    if (this.#covered) uncover(this.#res, this.#covered)
    this.#covered = undefined
  }
}
