import { badOption } from '../../base/errors'
import type { Entry, StoreKey } from '../contract'
import { RedisBackend } from './backend'
import { linkOf } from './client'
import { type NodeRedisConnection, OwnRedisClient } from './own-client'

/** How long ago a question must have been asked, at most, whose answer lets what was read before be believed. */
const SILENCE_MS = 1000
/** A connection that has not answered for so long is taken for silent. */
export const LATE_MS = 250

/**
 * A connection of its own for reading, on which the server tells of every change to what was read on it
 * (`CLIENT TRACKING`). Answers and news come in the order in which things happened.
 */
export class TrackedReader {
  readonly #client: OwnRedisClient
  readonly #backend: RedisBackend
  #underWay = 0
  /** Since when something is under way and nothing was answered. */
  #waitingSince = 0
  /** When the newest question was asked that has been answered: the server has told of all changes before. */
  #knownUntil = -Infinity

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
    return this.#client.isReady && (this.#underWay === 0 || performance.now() - this.#waitingSince < LATE_MS)
  }

  /**
   * Whether all changes but those of the last second are known. Only an answer shows that: a question goes out as well
   * on a connection that is cut somewhere far away, or to a server that has stopped.
   */
  get isHeard(): boolean {
    return this.#client.isReady && performance.now() - this.#knownUntil < SILENCE_MS
  }

  async read(key: StoreKey): Promise<Entry | undefined> {
    const askedAt = performance.now()
    if (this.#underWay++ === 0) this.#waitingSince = askedAt
    try {
      const entry = await this.#backend.read(key)
      this.#knownUntil = Math.max(this.#knownUntil, askedAt)
      this.#waitingSince = performance.now()
      return entry
    } finally {
      this.#underWay--
    }
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

/** Options with which node-redis 5 and 6 track what they read and tell of it. */
export const TRACKING = Object.freeze({ RESP: 3, emitInvalidate: true, disableOfflineQueue: true } as const)

/** A client that can be told by the server what has changed: of node-redis 5 or 6, no cluster and no pool. */
export function canTrack(client: unknown): boolean {
  const { duplicate, nodeClient, options } = (client ?? {}) as Record<string, unknown>
  const able = typeof duplicate === 'function' && nodeClient === undefined && typeof options === 'object'
  return able && 'withTypeMapping' in (client as object)
}

/** @throws SessionOptionError when the client cannot track */
export function trackedCopy(client: unknown): NodeRedisConnection {
  if (!canTrack(client)) {
    badOption(
      'nearCache',
      'a client of redis (node-redis) 5 or 6, no cluster and no pool, to go with it',
      client,
    )
  }
  const { duplicate } = client as { duplicate(options: object): NodeRedisConnection }
  return duplicate.call(client, { ...TRACKING, clientSideCache: undefined })
}
