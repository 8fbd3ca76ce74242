import type { Calls } from './calls'

/** An end that a visit wants: after how many answers its turn comes, and how many store calls there were by then. */
export interface End {
  readonly after: number
  callsBefore: number
}

/** Calls of the session's methods by one visit, and their answers by callback or promise. */
export class Asked {
  asked = 0
  answered = 0
  readonly #ends: End[] = []

  constructor(readonly calls: Calls) {}

  ask(): void {
    this.asked++
  }

  /** What was asked last is an end. A method that is called while others are at work begins when they are done. */
  askedEnd(): End {
    const end = { after: this.asked - 1, callsBefore: this.calls.all.length }
    if (end.after > this.answered) this.#ends.push(end)
    return end
  }

  answer(): void {
    this.answered++
    for (const end of this.#ends) if (end.after === this.answered) end.callsBefore = this.calls.before
  }
}
