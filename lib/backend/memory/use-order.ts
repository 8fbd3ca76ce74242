import { NEWER, OLDER, type Slot, type Slots } from './slots'

/** The slots in the order of last use: a ring through them, closed by slot 0, which is no record's. */
export class UseOrder {
  readonly #slots: Slots

  constructor(slots: Slots) {
    this.#slots = slots
  }

  /** 0: there is none. */
  get newest(): Slot {
    return this.#slots.word(0, OLDER)
  }

  /** The one idle for longest; 0: there is none. */
  get oldest(): Slot {
    return this.#slots.word(0, NEWER)
  }

  add(slot: Slot): void {
    const slots = this.#slots
    const { newest } = this
    slots.setWord(slot, OLDER, newest)
    slots.setWord(slot, NEWER, 0)
    slots.setWord(newest, NEWER, slot)
    slots.setWord(0, OLDER, slot)
  }

  remove(slot: Slot): void {
    const slots = this.#slots
    const older = slots.word(slot, OLDER)
    const newer = slots.word(slot, NEWER)
    slots.setWord(older, NEWER, newer)
    slots.setWord(newer, OLDER, older)
  }

  use(slot: Slot): void {
    if (slot === this.newest) return
    this.remove(slot)
    this.add(slot)
  }
}
