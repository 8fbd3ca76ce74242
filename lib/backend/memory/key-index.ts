import type { StoreKey } from '../contract'
import { HASH, NEXT, type Slot, type Slots } from './slots'

const PAGE_BITS = 12
const PAGE = 1 << PAGE_BITS
const IN_PAGE = PAGE - 1

/** Drawn for each process, so that nobody who chooses keys can choose ones that meet in a bucket. */
const SEED = (Math.random() * 0x100000000) >>> 0

/**
 * Finds slots by key. Linear hashing (Litwin 1980): with each record more one bucket is split in two, so that the table is
 * never rehashed as a whole, which would stop the process for seconds at ten million. Buckets are chains through the
 * slots, of one and a half on average; the hash stands in the slot, so that other keys are not looked at.
 */
export class KeyIndex {
  readonly #slots: Slots
  /** The first slot of each bucket. */
  readonly #heads: Uint32Array[] = [new Uint32Array(PAGE)]
  #buckets = PAGE
  /** Buckets that there were when this round of splits began: a power of two. */
  #round = PAGE
  #size = 0

  constructor(slots: Slots) {
    this.#slots = slots
  }

  get size(): number {
    return this.#size
  }

  find(key: StoreKey): Slot {
    const slots = this.#slots
    const hash = hashOf(key)
    let slot = this.#head(this.#bucketOf(hash))
    while (slot !== 0 && !(slots.word(slot, HASH) === hash && slots.key(slot) === key)) {
      slot = slots.word(slot, NEXT)
    }
    return slot
  }

  /** Of a key that is not there. */
  add(key: StoreKey, slot: Slot): void {
    const hash = hashOf(key)
    const bucket = this.#bucketOf(hash)
    this.#slots.setWord(slot, HASH, hash)
    this.#slots.setWord(slot, NEXT, this.#head(bucket))
    this.#setHead(bucket, slot)
    if (++this.#size > this.#buckets) this.#split()
  }

  remove(slot: Slot): void {
    const slots = this.#slots
    const bucket = this.#bucketOf(slots.word(slot, HASH))
    const next = slots.word(slot, NEXT)
    let before = this.#head(bucket)
    if (before === slot) {
      this.#setHead(bucket, next)
    } else {
      while (slots.word(before, NEXT) !== slot) before = slots.word(before, NEXT)
      slots.setWord(before, NEXT, next)
    }
    this.#size--
  }

  /** Buckets before the one that is split next have been split in this round: their hashes count one bit more. */
  #bucketOf(hash: number): number {
    const bucket = hash & (this.#round - 1)
    return bucket < this.#buckets - this.#round ? hash & (this.#round * 2 - 1) : bucket
  }

  #split(): void {
    const slots = this.#slots
    const from = this.#buckets - this.#round
    const to = this.#buckets
    if ((to & IN_PAGE) === 0) this.#heads.push(new Uint32Array(PAGE))
    let slot = this.#head(from)
    let staying: Slot = 0
    let going: Slot = 0
    while (slot !== 0) {
      const next = slots.word(slot, NEXT)
      if (slots.word(slot, HASH) & this.#round) {
        slots.setWord(slot, NEXT, going)
        going = slot
      } else {
        slots.setWord(slot, NEXT, staying)
        staying = slot
      }
      slot = next
    }
    this.#setHead(from, staying)
    this.#setHead(to, going)
    this.#buckets++
    if (this.#buckets === this.#round * 2) this.#round *= 2
  }

  #head(bucket: number): Slot {
    return (this.#heads[bucket >>> PAGE_BITS] as Uint32Array)[bucket & IN_PAGE] as Slot
  }

  #setHead(bucket: number, slot: Slot): void {
    const page = this.#heads[bucket >>> PAGE_BITS] as Uint32Array
    page[bucket & IN_PAGE] = slot
  }
}

/** FNV-1a over the whole key, and the end of MurmurHash3, by which each bit depends on all. */
function hashOf(key: string): number {
  let hash = SEED
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
