import type { Slot } from './slots'

const PAGE_BITS = 12
const PAGE = 1 << PAGE_BITS
const IN_PAGE = PAGE - 1

const NONE: ReadonlySet<Slot> = new Set()

/** Whose the records are, and which records an owner has. Where nobody owns anything it takes no memory. */
export class SlotOwners {
  /** By slot; a page is made with the first owner in it. */
  readonly #bySlot: Array<Array<string | undefined> | undefined> = []
  readonly #slots = new Map<string, Set<Slot>>()

  of(slot: Slot): string | undefined {
    return this.#bySlot[slot >>> PAGE_BITS]?.[slot & IN_PAGE]
  }

  slotsOf(owner: string): Slot[] {
    return [...(this.#slots.get(owner) ?? NONE)]
  }

  set(slot: Slot, owner: string | undefined): void {
    const before = this.of(slot)
    if (before === owner) return
    if (before !== undefined) this.#forget(slot, before)
    this.#page(slot)[slot & IN_PAGE] = owner
    if (owner === undefined) return
    const slots = this.#slots.get(owner)
    if (slots) slots.add(slot)
    else this.#slots.set(owner, new Set([slot]))
  }

  clear(): void {
    this.#bySlot.length = 0
    this.#slots.clear()
  }

  #forget(slot: Slot, owner: string): void {
    const slots = this.#slots.get(owner)
    slots?.delete(slot)
    if (slots?.size === 0) this.#slots.delete(owner)
  }

  #page(slot: Slot): Array<string | undefined> {
    const index = slot >>> PAGE_BITS
    while (this.#bySlot.length <= index) this.#bySlot.push(undefined)
    let page = this.#bySlot[index]
    if (!page) {
      page = new Array(PAGE).fill(undefined)
      this.#bySlot[index] = page
    }
    return page
  }
}
