/** Entries that are looked at without asking for the time: some microseconds' worth, where memory is slow. */
const LOOKS = 64

/** Goes through many maps a little at a time, again and again, and drops what has expired. */
export class Sweep<T extends { readonly expires: number }> {
  readonly #shards: ReadonlyArray<ReadonlyMap<string, T> | undefined>
  readonly #drop: (entry: T) => void
  #at = 0
  #under: Iterator<T> | undefined = undefined

  constructor(shards: ReadonlyArray<ReadonlyMap<string, T> | undefined>, drop: (entry: T) => void) {
    this.#shards = shards
    this.#drop = drop
  }

  /** The shards were emptied: what is under way is over. */
  forget(): void {
    this.#under = undefined
  }

  /**
   * Looks at some of the entries and goes on there next time.
   *
   * @param share how much of the whole to look at, 0 to 1
   * @param enough asked every few entries; `true` ends this turn
   * @returns whether the share was reached, or `enough` cut it short
   */
  turn(now: number, share: number, enough: () => boolean): boolean {
    for (let left = Math.ceil(this.#shards.length * share); left > 0; left--) {
      if (!this.#shard(now, enough)) return false
      if (enough()) return left === 1
    }
    return true
  }

  /** Goes on with the shard that is under way. @returns whether it is through */
  #shard(now: number, enough: () => boolean): boolean {
    // A Map's iterator takes what is added and removed between two turns in its stride.
    this.#under ??= (this.#shards[this.#at] ?? new Map<string, T>()).values()
    for (let looks = 1; ; looks++) {
      const next = this.#under.next()
      if (next.done) break
      if (next.value.expires <= now) this.#drop(next.value)
      if (looks % LOOKS === 0 && enough()) return false
    }
    this.#under = undefined
    this.#at = (this.#at + 1) % this.#shards.length
    return true
  }
}
