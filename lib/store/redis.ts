import type { Backend, StoreKey } from '../backend/contract'
import { RedisBackend, type WaitReplicas } from '../backend/redis/backend'
import { linkOf, withoutPassword } from '../backend/redis/client'
import type { RedisClient, RedisLink } from '../backend/redis/link'
import { NearCache } from '../backend/redis/near-cache'
import { createNodeRedis, type NodeRedisConnection, OwnRedisClient } from '../backend/redis/own-client'
import { OwnedRedisBackend } from '../backend/redis/owners'
import { canTrack, TrackedReader, trackedCopy } from '../backend/redis/tracked'
import { type Callback, settle } from '../base/async'
import { badOption } from '../base/errors'
import { BackedStore, type BackedStoreOptions, checkNames, splitBackedOptions } from './backed-store'

export type { WaitReplicas } from '../backend/redis/backend'
export type { IoRedisClient, NodeRedisClient, RedisClient } from '../backend/redis/link'

export interface RedisStoreOptions extends BackedStoreOptions {
  /**
   * A client of `redis` (node-redis) 4 to 6 or of `ioredis` 5 to 6, or a Cluster client of these. The store never
   * closes it. One of `client` and `url` is required.
   */
  client?: RedisClient | undefined
  /** `redis://…` or `rediss://…`: the store opens a connection of its own with the package `redis`, and closes it. */
  url?: string | undefined
  /** Put before each id to make the key in Redis. Default `'sess:'`, as connect-redis has it. */
  prefix?: string | undefined
  /** Milliseconds that a session is kept whose cookie ends with the browser. Default 86,400,000: one day. */
  ttl?: number | undefined
  /**
   * Keep an index of whose sessions are whose. Default `false`: connect-redis' keys and no others. All processes
   * that share the sessions need the same setting. Its keys begin with `owner:` and the prefix, and the server must
   * be able to run scripts and must not evict keys.
   */
  owners?: boolean | undefined
  /**
   * Keep sessions that were read in the memory of this process until the server says that they have changed, so
   * that a session in frequent use costs no round trip to read. Takes one more connection, and node-redis 5 or 6
   * (no cluster, no pool). `maxBytes` bounds it: default 33,554,432 (32 MiB). Default `false`.
   *
   * What another process writes is seen here a moment later, when the server's word arrives; at the latest after a
   * second, when the connection has been cut without notice. What this process has written it sees at once, and
   * a change on top of an old state is never written: it is merged with the new one, as always.
   */
  nearCache?: boolean | { maxBytes?: number | undefined } | undefined
  /**
   * Acknowledge a write only when this many replicas have it too (`WAIT`), or fail after `timeout` milliseconds,
   * default 500, though the write stands. Default: none, as Redis itself does: what a master acknowledged in its
   * last moments and had not sent on is lost when a replica takes its place.
   *
   * The connection stands still while the server waits, so give the store a client of its own, and no pool.
   */
  waitReplicas?: WaitReplicas | undefined
}

const DAY_MS = 86_400_000
const NEAR_BYTES = 32 * 1024 * 1024

/**
 * Sessions in Redis, Valkey or a cluster of these. The records are those of connect-redis, byte for byte: an
 * application can move over, and back, with its sessions.
 */
export class RedisStore extends BackedStore {
  readonly #keys: () => AsyncIterable<StoreKey[]>

  /**
   * @throws TypeError ERR_SESSION_OPTION when an option is wrong
   * @throws SessionError ERR_SESSION_PEER when `url` is given and the package `redis` is not installed
   */
  constructor(options: RedisStoreOptions) {
    checkNames('RedisStore', options, ['client', 'url'], ['owners', 'nearCache', 'waitReplicas'])
    const [backed, { client, url, nearCache = false, waitReplicas, owners = backed.owner !== undefined }] =
      splitBackedOptions(options)
    const { prefix = 'sess:' } = backed
    if (typeof owners !== 'boolean') badOption('owners', 'true or false', owners)
    checkReplicas(waitReplicas)
    const { link, close, tracked } = open(client, url)
    const isTracking = url !== undefined || canTrack(client)
    const common = { close, waitReplicas, tracked: isTracking ? tracked : undefined }
    const backend = owners
      ? new OwnedRedisBackend(link, { ...common, ownerPrefix: `owner:${prefix}` })
      : new RedisBackend(link, common)
    const kept = nearCache === false ? backend : near(backend, tracked, nearCache)
    super(kept, { ttl: DAY_MS, ...backed, prefix })
    this.#keys = () => backend.keys(prefix)
  }

  /** How many live sessions there are, counted by their keys. */
  override length(callback?: Callback<number>): Promise<number> {
    return settle(async () => {
      let count = 0
      for await (const keys of this.#keys()) count += keys.length
      return count
    }, callback)
  }

  /** Ends all sessions of this store's prefix, a batch at a time. */
  override clear(callback?: Callback): Promise<void> {
    return settle(async () => {
      for await (const keys of this.#keys()) await Promise.all(keys.map((key) => this.end(key, 'cleared')))
    }, callback)
  }
}

interface Opened {
  link: RedisLink
  close?: () => Promise<void>
  /** Another connection, for reading into the near cache. */
  tracked: () => NodeRedisConnection
}

function open(client: RedisClient | undefined, url: string | undefined): Opened {
  if (url === undefined) return { link: linkOf(client as RedisClient), tracked: () => trackedCopy(client) }
  if (client !== undefined) badOption('url', 'either client or url, not both', withoutPassword(url))
  if (typeof url !== 'string' || !/^rediss?:\/\//.test(url))
    badOption('url', 'redis://… or rediss://…', withoutPassword(url))
  const connection = createNodeRedis({ url })
  const own = new OwnRedisClient(connection)
  return { link: linkOf(own), close: () => own.close(), tracked: () => trackedCopy(connection) }
}

function near(backend: Backend, tracked: () => NodeRedisConnection, nearCache: unknown): NearCache {
  const { maxBytes = NEAR_BYTES } =
    nearCache === true || !nearCache ? {} : (nearCache as { maxBytes?: unknown })
  const isObject = typeof nearCache === 'object' && nearCache !== null
  if (!(nearCache === true || isObject) || typeof maxBytes !== 'number' || !(maxBytes > 0))
    badOption('nearCache', 'true, false or { maxBytes } with a positive number', nearCache)
  const connection = tracked()
  return new NearCache(backend, (onStale) => new TrackedReader(connection, onStale), maxBytes)
}

function checkReplicas(given: unknown): void {
  if (given === undefined) return
  const { replicas, timeout = 1 } = (
    typeof given === 'object' && given !== null ? given : {}
  ) as Partial<WaitReplicas>
  if (!isCount(replicas) || !isCount(timeout))
    badOption('waitReplicas', '{ replicas, timeout } with positive whole numbers', given)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0
}
