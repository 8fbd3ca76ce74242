/** Records that are looked at without asking for the time: some microseconds' worth, where memory is slow. */
const LOOKS = 64

/** Goes through all slots a little at a time, again and again. */
export class Sweep {
  #next = 1

  /** Begins anew. */
  forget(): void {
    this.#next = 1
  }

  /**
   * Looks at some of the slots and goes on there next time.
   *
   * @param top slots have numbers below it
   * @param look drops what has expired
   * @param share how much of the whole to look at, 0 to 1
   * @param enough asked every few slots; `true` ends this turn
   * @returns whether the share was reached, or `enough` cut it short
   */
  turn(top: number, look: (slot: number) => void, share: number, enough: () => boolean): boolean {
    for (let left = Math.ceil((top - 1) * share); left > 0; left--) {
      if (this.#next >= top) this.#next = 1
      look(this.#next++)
      if (left % LOOKS === 0 && enough()) return false
    }
    return true
  }
}
