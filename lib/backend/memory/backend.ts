import { systemClock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { yieldingToEventLoop } from '../../base/yield'
import type { Backend, Entry, Replaced, StoreKey } from '../contract'
import { Followers } from '../followers'
import type { Ending, NewsListener } from '../news'
import { ByOwner } from './by-owner'
import type { MemoryListener } from './listener'
import { entryOf, type MemoryNode } from './node'
import { SHARDS, shardOf } from './shards'
import { Sweep } from './sweep'

/** The backend behind MemoryStore: answers at once, and drops the record idle for longest when it is full. */
export class MemoryBackend implements Backend {
  readonly #shards: Array<Map<StoreKey, MemoryNode> | undefined> = new Array(SHARDS).fill(undefined)
  readonly #sweep = new Sweep(this.#shards, (node: MemoryNode) => this.#expire(node))
  readonly #owners = new ByOwner<MemoryNode>()
  readonly #max: number
  readonly #told: MemoryListener
  readonly #followers = new Followers()
  /** `newer` of the ring's head is the record idle for longest, `older` the one used last. */
  readonly #ring: MemoryNode
  #size = 0
  #closed = false

  /** @param max most records kept */
  constructor(max = Infinity, told: MemoryListener = {}) {
    this.#max = max
    this.#told = told
    const ring = {
      key: '',
      body: '',
      expires: 0,
      owner: undefined,
    } as unknown as MemoryNode
    ring.older = ring
    ring.newer = ring
    this.#ring = ring
  }

  /** How many records are kept, expired ones that nobody has met yet included. */
  get size(): number {
    return this.#size
  }

  read(key: StoreKey): Entry | undefined {
    const node = this.#live(key)
    if (!node) return undefined
    this.#use(node)
    return entryOf(node)
  }

  /** As `read`, for a look that is no use of the session. */
  peek(key: StoreKey): Entry | undefined {
    const node = this.#live(key)
    return node && entryOf(node)
  }

  create(key: StoreKey, entry: Entry): boolean {
    if (this.#live(key)) return false
    if (this.#size >= this.#max) this.#evict()
    const { newer, older } = { newer: this.#ring, older: this.#ring.older }
    const { body, expires } = entry
    const node: MemoryNode = { key, body, expires, owner: undefined, older, newer }
    older.newer = node
    newer.older = node
    this.#shard(key).set(key, node)
    if (this.#size++ === 0) this.#told.first?.()
    this.#owners.move(node, entry.owner)
    if (this.#followers.some) this.#followers.tell({ key, ended: false })
    return true
  }

  replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Replaced {
    const node = this.#live(key)
    if (!node) return undefined
    if (node.body !== seen) return entryOf(node)
    const last = this.#followers.some ? entryOf(node) : undefined
    node.body = entry.body
    node.expires = entry.expires
    if (node.owner !== entry.owner) this.#owners.move(node, entry.owner)
    this.#use(node)
    if (last) this.#followers.tell({ key, ended: entry.expires <= systemClock(), ending, last })
    return true
  }

  remove(key: StoreKey, ending?: Ending): boolean {
    const node = this.#live(key)
    if (!node) return false
    this.#drop(node)
    this.#tellEnd(node, ending)
    return true
  }

  extend(key: StoreKey, expires: number): boolean {
    const node = this.#live(key)
    if (!node) return false
    const earlier = expires < node.expires
    node.expires = expires
    this.#use(node)
    if (earlier && this.#followers.some) this.#followers.tell({ key, ended: false })
    return true
  }

  scan(prefix = ''): AsyncIterable<[StoreKey, Entry]> {
    return yieldingToEventLoop(this.#entries(prefix))
  }

  *#entries(prefix: string): Generator<[StoreKey, Entry], void, undefined> {
    this.#mustBeOpen()
    for (const shard of this.#shards) {
      // A copy of one shard: what is written meanwhile neither repeats nor hides what stands there.
      for (const node of shard ? [...shard.values()] : []) {
        if (node.key.startsWith(prefix) && this.#live(node.key) === node) yield [node.key, entryOf(node)]
      }
    }
  }

  ownedBy(owner: string): Array<[StoreKey, Entry]> {
    this.#mustBeOpen()
    const nodes = this.#owners.of(owner).filter((node) => this.#live(node.key) === node)
    nodes.sort((a, b) => a.expires - b.expires)
    return nodes.map((node) => [node.key, entryOf(node)])
  }

  follow(prefix: string, listener: NewsListener): () => void {
    this.#mustBeOpen()
    return this.#followers.add(prefix, listener)
  }

  prune(now: number): number {
    this.#mustBeOpen()
    let dropped = 0
    for (const node of this.#nodes()) {
      if (node.expires > now) continue
      this.#expire(node)
      dropped++
    }
    return dropped
  }

  /** Looks at a share of the records; see `Sweep`. */
  sweep(now: number, share: number, enough: () => boolean): boolean {
    return this.#sweep.turn(now, share, enough)
  }

  /** Drops all records at once. */
  clear(): void {
    this.#mustBeOpen()
    if (this.#followers.some) for (const node of this.#nodes()) this.#tellEnd(node, { because: 'cleared' })
    this.#shards.fill(undefined)
    this.#owners.clear()
    this.#sweep.forget()
    this.#ring.older = this.#ring
    this.#ring.newer = this.#ring
    this.#size = 0
  }

  close(): void {
    this.#closed = true
    this.#followers.clear()
  }

  /** The keys of the live records. */
  *keys(): Iterable<StoreKey> {
    for (const shard of this.#shards) {
      for (const key of shard ? [...shard.keys()] : []) if (this.#live(key)) yield key
    }
  }

  *#nodes(): Iterable<MemoryNode> {
    for (const shard of this.#shards) if (shard) yield* shard.values()
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the memory store has been closed')
  }

  #live(key: StoreKey): MemoryNode | undefined {
    this.#mustBeOpen()
    // A request that reads a session and writes it mostly does so before any other comes.
    const newest = this.#ring.older
    const node = newest.key === key && newest !== this.#ring ? newest : this.#shards[shardOf(key)]?.get(key)
    if (node && node.expires <= systemClock()) {
      this.#expire(node)
      return undefined
    }
    return node
  }

  #shard(key: StoreKey): Map<StoreKey, MemoryNode> {
    const index = shardOf(key)
    let shard = this.#shards[index]
    if (!shard) {
      shard = new Map()
      this.#shards[index] = shard
    }
    return shard
  }

  #use(node: MemoryNode): void {
    const ring = this.#ring
    if (node.newer === ring) return
    node.older.newer = node.newer
    node.newer.older = node.older
    node.older = ring.older
    node.newer = ring
    ring.older.newer = node
    ring.older = node
  }

  /** One whose deadline was set to 0 was ended, or has got another key. */
  #expire(node: MemoryNode): void {
    this.#drop(node)
    if (node.expires <= 0) return
    this.#tellEnd(node, { because: 'expired' })
    this.#told.expired?.(node.key)
  }

  #tellEnd(node: MemoryNode, ending: Ending | undefined): void {
    if (this.#followers.some)
      this.#followers.tell({ key: node.key, ended: true, ending, last: entryOf(node) })
  }

  #drop(node: MemoryNode): void {
    this.#shards[shardOf(node.key)]?.delete(node.key)
    node.older.newer = node.newer
    node.newer.older = node.older
    this.#size--
    this.#owners.move(node, undefined)
  }

  #evict(): void {
    const idle = this.#ring.newer
    if (idle === this.#ring) return
    if (idle.expires <= systemClock()) {
      this.#expire(idle)
      return
    }
    this.#drop(idle)
    this.#tellEnd(idle, { because: 'evicted' })
    this.#told.evicted?.(idle.key)
  }
}
