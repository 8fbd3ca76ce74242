import { systemClock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { yieldingToEventLoop } from '../../base/yield'
import type { Backend, Entry, Replaced, StoreKey } from '../contract'
import { Followers } from '../followers'
import type { Ending, NewsListener } from '../news'
import { KeyIndex } from './key-index'
import type { MemoryListener } from './listener'
import { SlotOwners } from './slot-owners'
import { type Slot, Slots } from './slots'
import { Sweep } from './sweep'
import { UseOrder } from './use-order'

/**
 * The backend behind MemoryStore: answers at once, and drops the record idle for longest when it is full. Memory that many
 * records took is given back when none is left.
 */
export class MemoryBackend implements Backend {
  readonly #max: number
  readonly #told: MemoryListener
  readonly #sweep = new Sweep()
  #slots = new Slots()
  #index = new KeyIndex(this.#slots)
  #order = new UseOrder(this.#slots)
  readonly #owners = new SlotOwners()
  readonly #followers = new Followers()
  #closed = false

  /** @param max most records kept */
  constructor(max = Infinity, told: MemoryListener = {}) {
    this.#max = max
    this.#told = told
  }

  /** How many records are kept, expired ones that nobody has met yet included. */
  get size(): number {
    return this.#index.size
  }

  read(key: StoreKey): Entry | undefined {
    const slot = this.#live(key)
    if (slot === 0) return undefined
    this.#order.use(slot)
    return this.#entry(slot)
  }

  /** As `read`, for a look that is no use of the session. */
  peek(key: StoreKey): Entry | undefined {
    const slot = this.#live(key)
    return slot === 0 ? undefined : this.#entry(slot)
  }

  create(key: StoreKey, { body, expires, owner }: Entry): boolean {
    if (this.#live(key) !== 0) return false
    if (this.size >= this.#max) this.#evict()
    const slot = this.#slots.take(key, body, expires)
    this.#index.add(key, slot)
    this.#order.add(slot)
    if (owner !== undefined) this.#owners.set(slot, owner)
    if (this.size === 1) this.#told.first?.()
    if (this.#followers.some) this.#followers.tell({ key, ended: false })
    return true
  }

  replace(key: StoreKey, seen: string, { body, expires, owner }: Entry, ending?: Ending): Replaced {
    const slot = this.#live(key)
    if (slot === 0) return undefined
    if (this.#slots.body(slot) !== seen) return this.#entry(slot)
    const last = this.#followers.some ? this.#entry(slot) : undefined
    this.#slots.setBody(slot, body)
    this.#slots.setExpires(slot, expires)
    this.#owners.set(slot, owner)
    this.#order.use(slot)
    if (last) this.#followers.tell({ key, ended: expires <= systemClock(), ending, last })
    return true
  }

  remove(key: StoreKey, ending?: Ending): boolean {
    const slot = this.#live(key)
    if (slot === 0) return false
    this.#drop(slot, key, ending)
    return true
  }

  extend(key: StoreKey, expires: number): boolean {
    const slot = this.#live(key)
    if (slot === 0) return false
    const earlier = expires < this.#slots.expires(slot)
    this.#slots.setExpires(slot, expires)
    this.#order.use(slot)
    if (earlier && this.#followers.some) this.#followers.tell({ key, ended: false })
    return true
  }

  scan(prefix = ''): AsyncIterable<[StoreKey, Entry]> {
    return yieldingToEventLoop(this.#entries(prefix))
  }

  /** A record keeps its slot as long as it is there: what is written meanwhile neither repeats nor hides it. */
  *#entries(prefix: string): Generator<[StoreKey, Entry], void, undefined> {
    this.#mustBeOpen()
    const slots = this.#slots
    // A store that was cleared meanwhile has other slots, and nothing in them that was there throughout.
    for (let slot = 1; slots === this.#slots && slot < slots.top; slot++) {
      const key = slots.key(slot)
      if (key?.startsWith(prefix) && this.#live(key) === slot) yield [key, this.#entry(slot)]
    }
  }

  ownedBy(owner: string): Array<[StoreKey, Entry]> {
    this.#mustBeOpen()
    const entries: Array<[StoreKey, Entry]> = []
    for (const slot of this.#owners.slotsOf(owner)) {
      const key = this.#slots.key(slot) as StoreKey
      if (this.#live(key) === slot) entries.push([key, this.#entry(slot)])
    }
    return entries.sort(([, a], [, b]) => a.expires - b.expires)
  }

  follow(prefix: string, listener: NewsListener): () => void {
    this.#mustBeOpen()
    return this.#followers.add(prefix, listener)
  }

  prune(now: number): number {
    this.#mustBeOpen()
    const before = this.size
    for (let slot = 1; slot < this.#slots.top; slot++) this.#expireAt(slot, now)
    return before - this.size
  }

  /** Looks at a share of the records; see `Sweep`. */
  sweep(now: number, share: number, enough: () => boolean): boolean {
    // Only here: whoever goes through slots may count on them until then.
    if (this.size === 0) this.#reset()
    return this.#sweep.turn(this.#slots.top, (slot) => this.#expireAt(slot, now), share, enough)
  }

  /** Drops all records at once. */
  clear(): void {
    this.#mustBeOpen()
    for (let slot = 1; this.#followers.some && slot < this.#slots.top; slot++) {
      const key = this.#slots.key(slot)
      if (key !== undefined) this.#tellEnd(key, this.#entry(slot), { because: 'cleared' })
    }
    this.#reset()
  }

  #reset(): void {
    this.#slots = new Slots()
    this.#index = new KeyIndex(this.#slots)
    this.#order = new UseOrder(this.#slots)
    this.#owners.clear()
    this.#sweep.forget()
  }

  close(): void {
    this.#closed = true
    this.#followers.clear()
  }

  /** The keys of the live records. */
  *keys(): Iterable<StoreKey> {
    for (const [key] of this.#entries('')) yield key
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the memory store has been closed')
  }

  /** @returns the slot of a live record, or 0 */
  #live(key: StoreKey): Slot {
    this.#mustBeOpen()
    // A request that reads a session and writes it mostly does so before any other comes.
    const { newest } = this.#order
    const slot = newest !== 0 && this.#slots.key(newest) === key ? newest : this.#index.find(key)
    return slot !== 0 && this.#expireAt(slot, systemClock()) ? 0 : slot
  }

  /** Drops what has expired. One whose deadline was set to 0 was ended, or has got another key. */
  #expireAt(slot: Slot, now: number): boolean {
    const expires = this.#slots.expires(slot)
    if (!(expires <= now)) return false
    const key = this.#slots.key(slot)
    if (key === undefined) return false
    this.#drop(slot, key, expires > 0 ? { because: 'expired' } : 'untold')
    if (expires > 0) this.#told.expired?.(key)
    return true
  }

  /** @param ending why, for those who follow; `untold`: they have been told before */
  #drop(slot: Slot, key: StoreKey, ending: Ending | 'untold' | undefined): void {
    const last = this.#followers.some && ending !== 'untold' ? this.#entry(slot) : undefined
    this.#owners.set(slot, undefined)
    this.#order.remove(slot)
    this.#index.remove(slot)
    this.#slots.release(slot)
    if (last && ending !== 'untold') this.#tellEnd(key, last, ending)
  }

  #tellEnd(key: StoreKey, last: Entry, ending: Ending | undefined): void {
    this.#followers.tell({ key, ended: true, ending, last })
  }

  #evict(): void {
    const slot = this.#order.oldest
    const key = this.#slots.key(slot)
    if (key === undefined || this.#expireAt(slot, systemClock())) return
    this.#drop(slot, key, { because: 'evicted' })
    this.#told.evicted?.(key)
  }

  #entry(slot: Slot): Entry {
    const slots = this.#slots
    return { body: slots.body(slot), expires: slots.expires(slot), owner: this.#owners.of(slot) }
  }
}
