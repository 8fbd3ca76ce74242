import { badOption } from '../../base/errors'
import type { Entry, StoreKey } from '../contract'
import { RedisBackend } from './backend'
import { linkOf } from './client'
import { type NodeRedisConnection, OwnRedisClient } from './own-client'

/** Longest time without a word from the server during which what it told before is believed. */
const SILENCE_MS = 1000

/**
 * A connection of its own for reading, on which the server tells of every change to what was read on it
 * (`CLIENT TRACKING`). Answers and news come in the order in which things happened.
 */
export class TrackedReader {
  readonly #client: OwnRedisClient
  readonly #backend: RedisBackend
  #underWay = 0
  #heardAt = 0

  /** @param onStale called with a key that has changed, or without one when nothing read before counts any more */
  constructor(connection: NodeRedisConnection, onStale: (key?: StoreKey) => void) {
    this.#client = new OwnRedisClient(connection)
    const link = linkOf(this.#client)
    this.#backend = new RedisBackend(link)
    this.#client.on('invalidate', (name) =>
      name === null ? onStale() : onStale(String(name).slice(link.keyPrefix.length)),
    )
    for (const event of ['error', 'end', 'ready', 'reconnecting']) this.#client.on(event, () => onStale())
  }

  /** Whether it can be asked, and is likely to answer. Starts to connect when it has not yet. */
  get isReady(): boolean {
    this.#client.connect()
    return this.#client.isReady && (this.#underWay === 0 || this.#heardLately(2 * SILENCE_MS))
  }

  /** Whether a change would have been heard of: a connection that is cut somewhere far away says nothing. */
  get isHeard(): boolean {
    return this.#client.isReady && this.#heardLately(SILENCE_MS)
  }

  async read(key: StoreKey): Promise<Entry | undefined> {
    if (this.#underWay++ === 0) this.#heardAt = performance.now()
    try {
      const entry = await this.#backend.read(key)
      this.#heardAt = performance.now()
      return entry
    } finally {
      this.#underWay--
    }
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #heardLately(limitMs: number): boolean {
    return performance.now() - this.#heardAt < limitMs
  }
}

/** Options with which node-redis 5 and 6 track what they read and tell of it. */
export const TRACKING = Object.freeze({ RESP: 3, emitInvalidate: true, disableOfflineQueue: true } as const)

/** @throws SessionOptionError when the client cannot track */
export function trackedCopy(client: unknown): NodeRedisConnection {
  const { duplicate, nodeClient, options } = (client ?? {}) as {
    duplicate?: (options: object) => NodeRedisConnection
    nodeClient?: unknown
    options?: { clientSideCache?: unknown }
  }
  const able = typeof duplicate === 'function' && nodeClient === undefined && typeof options === 'object'
  if (!able || !('withTypeMapping' in (client as object))) {
    badOption(
      'nearCache',
      'a client of redis (node-redis) 5 or 6, no cluster and no pool, to go with it',
      client,
    )
  }
  return duplicate.call(client, { ...TRACKING, clientSideCache: undefined })
}
