import { systemClock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { yieldingToEventLoop } from '../../base/yield'
import type { Replaced, StoreKey } from '../contract'
import type { ReadEntry, ReadingBackend } from '../readings'
import type { MemoryListener } from './listener'
import { SHARDS, shardOf } from './shards'
import { Sweep } from './sweep'

/** A record in memory, linked in the order of last use. */
interface Node {
  key: StoreKey
  body: string
  expires: number
  owner: string | undefined
  reading: unknown
  older: Node
  newer: Node
}

/** The backend behind MemoryStore: answers at once, and drops the record idle for longest when it is full. */
export class MemoryBackend implements ReadingBackend {
  readonly keepsReadings = true
  readonly #shards: Array<Map<StoreKey, Node> | undefined> = new Array(SHARDS).fill(undefined)
  readonly #sweep = new Sweep(this.#shards, (node: Node) => this.#expire(node))
  readonly #owners = new Map<string, Set<Node>>()
  readonly #max: number
  readonly #told: MemoryListener
  /** `newer` of the ring's head is the record idle for longest, `older` the one used last. */
  readonly #ring: Node
  #size = 0
  #closed = false

  /** @param max most records kept */
  constructor(max = Infinity, told: MemoryListener = {}) {
    this.#max = max
    this.#told = told
    const ring = { key: '', body: '', expires: 0, owner: undefined, reading: undefined } as unknown as Node
    ring.older = ring
    ring.newer = ring
    this.#ring = ring
  }

  /** How many records are kept, expired ones that nobody has met yet included. */
  get size(): number {
    return this.#size
  }

  read(key: StoreKey): ReadEntry | undefined {
    const node = this.#live(key)
    if (!node) return undefined
    this.#use(node)
    return entryOf(node)
  }

  /** As `read`, for a look that is no use of the session. */
  peek(key: StoreKey): ReadEntry | undefined {
    const node = this.#live(key)
    return node && entryOf(node)
  }

  create(key: StoreKey, entry: ReadEntry): boolean {
    if (this.#live(key)) return false
    if (this.#size >= this.#max) this.#evict()
    const { newer, older } = { newer: this.#ring, older: this.#ring.older }
    const { body, expires, reading } = entry
    const node: Node = { key, body, expires, owner: undefined, reading, older, newer }
    older.newer = node
    newer.older = node
    this.#shard(key).set(key, node)
    if (this.#size++ === 0) this.#told.first?.()
    this.#own(node, entry.owner)
    return true
  }

  replace(key: StoreKey, seen: string, entry: ReadEntry): Replaced {
    const node = this.#live(key)
    if (!node) return undefined
    if (node.body !== seen) return entryOf(node)
    node.body = entry.body
    node.expires = entry.expires
    node.reading = entry.reading
    if (node.owner !== entry.owner) this.#own(node, entry.owner)
    this.#use(node)
    return true
  }

  remove(key: StoreKey): boolean {
    const node = this.#live(key)
    if (!node) return false
    this.#drop(node)
    return true
  }

  extend(key: StoreKey, expires: number): boolean {
    const node = this.#live(key)
    if (!node) return false
    node.expires = expires
    this.#use(node)
    return true
  }

  scan(prefix = ''): AsyncIterable<[StoreKey, ReadEntry]> {
    return yieldingToEventLoop(this.#entries(prefix))
  }

  *#entries(prefix: string): Generator<[StoreKey, ReadEntry], void, undefined> {
    this.#mustBeOpen()
    for (const shard of this.#shards) {
      // A copy of one shard: what is written meanwhile neither repeats nor hides what stands there.
      for (const node of shard ? [...shard.values()] : []) {
        if (node.key.startsWith(prefix) && this.#live(node.key) === node) yield [node.key, entryOf(node)]
      }
    }
  }

  ownedBy(owner: string): Array<[StoreKey, ReadEntry]> {
    this.#mustBeOpen()
    const nodes = [...(this.#owners.get(owner) ?? [])].filter((node) => this.#live(node.key) === node)
    nodes.sort((a, b) => a.expires - b.expires)
    return nodes.map((node) => [node.key, entryOf(node)])
  }

  prune(now: number): number {
    this.#mustBeOpen()
    let dropped = 0
    for (let i = 0; i < SHARDS; i++) dropped += this.#pruneShard(i, now)
    return dropped
  }

  /** Looks at a share of the records; see `Sweep`. */
  sweep(now: number, share: number, enough: () => boolean): boolean {
    return this.#sweep.turn(now, share, enough)
  }

  /** Drops all records at once. */
  clear(): void {
    this.#mustBeOpen()
    this.#shards.fill(undefined)
    this.#owners.clear()
    this.#sweep.forget()
    this.#ring.older = this.#ring
    this.#ring.newer = this.#ring
    this.#size = 0
  }

  close(): void {
    this.#closed = true
  }

  /** The keys of the live records. */
  *keys(): Iterable<StoreKey> {
    for (const shard of this.#shards) {
      for (const key of shard ? [...shard.keys()] : []) if (this.#live(key)) yield key
    }
  }

  #pruneShard(index: number, now: number): number {
    let dropped = 0
    for (const node of this.#shards[index]?.values() ?? []) {
      if (node.expires <= now) {
        this.#expire(node)
        dropped++
      }
    }
    return dropped
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the memory store has been closed')
  }

  #live(key: StoreKey): Node | undefined {
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

  #shard(key: StoreKey): Map<StoreKey, Node> {
    const index = shardOf(key)
    let shard = this.#shards[index]
    if (!shard) {
      shard = new Map()
      this.#shards[index] = shard
    }
    return shard
  }

  #use(node: Node): void {
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
  #expire(node: Node): void {
    this.#drop(node)
    if (node.expires > 0) this.#told.expired?.(node.key)
  }

  #drop(node: Node): void {
    this.#shards[shardOf(node.key)]?.delete(node.key)
    node.older.newer = node.newer
    node.newer.older = node.older
    this.#size--
    this.#own(node, undefined)
  }

  #evict(): void {
    const idle = this.#ring.newer
    if (idle === this.#ring) return
    if (idle.expires <= systemClock()) {
      this.#expire(idle)
      return
    }
    this.#drop(idle)
    this.#told.evicted?.(idle.key)
  }

  #own(node: Node, owner: string | undefined): void {
    if (node.owner !== undefined) {
      const nodes = this.#owners.get(node.owner)
      nodes?.delete(node)
      if (nodes?.size === 0) this.#owners.delete(node.owner)
    }
    node.owner = owner
    if (owner === undefined) return
    const nodes = this.#owners.get(owner)
    if (nodes) nodes.add(node)
    else this.#owners.set(owner, new Set([node]))
  }
}

function entryOf({ body, expires, owner, reading }: Node): ReadEntry {
  return { body, expires, owner, reading }
}
