import { timers } from '../../base/timers'

/** Somebody who waits for an answer. */
export interface Asked<Question, Answer> {
  readonly question: Question
  resolve(answer: Answer | PromiseLike<Answer>): void
  reject(cause: unknown): void
}

/**
 * Gathers what is asked during one turn of the event loop and sends it off in one go. A lone question leaves at
 * the end of the turn in which it came, microseconds later; under load each round trip carries many.
 */
export class Batcher<Question, Answer> {
  readonly #send: (asked: Array<Asked<Question, Answer>>) => void
  readonly #atMost: number
  #asked: Array<Asked<Question, Answer>> = []

  /** @param send answers each of them, sooner or later; it does not throw */
  constructor(atMost: number, send: (asked: Array<Asked<Question, Answer>>) => void) {
    this.#atMost = atMost
    this.#send = send
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) timers.setImmediate(() => this.#flush())
      this.#asked.push({ question, resolve, reject })
      if (this.#asked.length >= this.#atMost) this.#flush()
    })
  }

  #flush(): void {
    const asked = this.#asked
    if (asked.length === 0) return
    this.#asked = []
    this.#send(asked)
  }
}
