/** Taken at load, so that fake timers in an application's tests do not stop its sessions. */
const { setImmediate: later } = require('node:timers') as typeof import('node:timers')

interface Asked<Question, Answer> {
  question: Question
  resolve: (answer: Promise<Answer>) => void
}

/**
 * Gathers what is asked during one turn of the event loop and sends it off in one go. A lone question leaves at
 * the end of the turn in which it came, microseconds later; under load each round trip carries many.
 */
export class Gather<Question, Answer> {
  readonly #send: (questions: Question[]) => Array<Promise<Answer>>
  readonly #atMost: number
  #asked: Array<Asked<Question, Answer>> = []

  /** @param send gives an answer for each question, in their order */
  constructor(atMost: number, send: (questions: Question[]) => Array<Promise<Answer>>) {
    this.#atMost = atMost
    this.#send = send
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#asked.length === 0) later(() => this.#flush())
      this.#asked.push({ question, resolve })
      if (this.#asked.length >= this.#atMost) this.#flush()
    })
  }

  #flush(): void {
    const asked = this.#asked
    if (asked.length === 0) return
    this.#asked = []
    const answers = this.#send(asked.map(({ question }) => question))
    asked.forEach(({ resolve }, i) => {
      resolve(answers[i] ?? Promise.reject(new Error('a question without an answer')))
    })
  }
}
