import type { StoreKey } from '../contract'

/** A record's number; 0 is none. It stays the same as long as the record is there, and is given away again after that. */
export type Slot = number

/** What a slot has in numbers of 32 bits; behind them stands the deadline, in 64. */
export const HASH = 0
/** The next slot in the same bucket of the index, or the next free one. */
export const NEXT = 1
/** The neighbours in the order of last use. */
export const OLDER = 2
export const NEWER = 3
const WORDS = 6
const TIMES = WORDS / 2
const EXPIRES = TIMES - 1

const PAGE_BITS = 12
const PAGE = 1 << PAGE_BITS
const IN_PAGE = PAGE - 1

/**
 * The records in memory by number: texts in arrays, numbers in typed arrays, a page of some thousands at a time. Beside
 * its two strings a record takes 40 bytes, of which garbage collection looks at 16; an object with links and its entry
 * in a Map took 130 and more. A page is never copied, so that growing does not stop the process.
 */
export class Slots {
  readonly #words: Uint32Array[] = []
  readonly #times: Float64Array[] = []
  /** Key and body of each slot in turn; `undefined` where a slot is free. */
  readonly #texts: Array<Array<string | undefined>> = []
  /** Given away next when none was given back. */
  #top = 1
  #free: Slot = 0

  constructor() {
    this.#addPage([])
  }

  /** Slots in use have numbers from 1 to below this. */
  get top(): number {
    return this.#top
  }

  take(key: StoreKey, body: string, expires: number): Slot {
    let slot = this.#free
    if (slot !== 0) {
      this.#free = this.word(slot, NEXT)
    } else {
      slot = this.#top++
      if (slot >>> PAGE_BITS === this.#texts.length) this.#addPage(new Array(PAGE * 2).fill(undefined))
    }
    this.#textsOf(slot)[(slot & IN_PAGE) * 2] = flattened(key)
    this.setBody(slot, body)
    this.setExpires(slot, expires)
    return slot
  }

  release(slot: Slot): void {
    const texts = this.#textsOf(slot)
    const at = (slot & IN_PAGE) * 2
    texts[at] = undefined
    texts[at + 1] = undefined
    this.setWord(slot, NEXT, this.#free)
    this.#free = slot
  }

  /** @returns the key of the record; `undefined`: the slot is free */
  key(slot: Slot): StoreKey | undefined {
    return this.#textsOf(slot)[(slot & IN_PAGE) * 2]
  }

  body(slot: Slot): string {
    return this.#textsOf(slot)[(slot & IN_PAGE) * 2 + 1] as string
  }

  setBody(slot: Slot, body: string): void {
    this.#textsOf(slot)[(slot & IN_PAGE) * 2 + 1] = flattened(body)
  }

  expires(slot: Slot): number {
    return (this.#times[slot >>> PAGE_BITS] as Float64Array)[(slot & IN_PAGE) * TIMES + EXPIRES] as number
  }

  setExpires(slot: Slot, expires: number): void {
    const times = this.#times[slot >>> PAGE_BITS] as Float64Array
    times[(slot & IN_PAGE) * TIMES + EXPIRES] = expires
  }

  word(slot: Slot, field: number): number {
    return (this.#words[slot >>> PAGE_BITS] as Uint32Array)[(slot & IN_PAGE) * WORDS + field] as number
  }

  setWord(slot: Slot, field: number, value: number): void {
    const words = this.#words[slot >>> PAGE_BITS] as Uint32Array
    words[(slot & IN_PAGE) * WORDS + field] = value
  }

  #textsOf(slot: Slot): Array<string | undefined> {
    return this.#texts[slot >>> PAGE_BITS] as Array<string | undefined>
  }

  /** @param texts the first page's grow, as most stores are small */
  #addPage(texts: Array<string | undefined>): void {
    const numbers = new ArrayBuffer(PAGE * WORDS * Uint32Array.BYTES_PER_ELEMENT)
    this.#words.push(new Uint32Array(numbers))
    this.#times.push(new Float64Array(numbers))
    this.#texts.push(texts)
  }
}

/** Written so that no compiler leaves out the look at the string. */
const looked = new Uint16Array(1)

/**
 * JSON and templates come as ropes of pieces, which take half as much memory again and have to be gathered from there when
 * they are read; a look at a character makes one piece of them.
 */
function flattened(text: string): string {
  looked[0] = text.charCodeAt(0)
  return text
}
