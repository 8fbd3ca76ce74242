import { ignore } from '../../base/async'
import { type Clock, systemClock } from '../../base/clock'
import { badOption, SessionError } from '../../base/errors'
import type { Backend, Entry, Replaced, StoreKey } from '../contract'
import type { Ending, NewsListener } from '../news'
import { redisError } from './errors'
import { announceEnd, RedisFollower } from './follow'
import { hasIfeq } from './ifeq'
import type { RedisLink } from './link'
import type { NodeRedisConnection } from './own-client'
import { scanEntries, scanKeys } from './scan'
import { type Swapped, swap, swapByScript } from './swap'

export interface WaitReplicas {
  /** How many replicas must have a write before it is acknowledged. */
  replicas: number
  /** Milliseconds to wait for them; after that the write fails, though it stands. Default 500. */
  timeout?: number | undefined
}

export interface RedisBackendOptions {
  clock?: Clock | undefined
  /** After each write, wait for this many replicas to have it, or fail. */
  waitReplicas?: WaitReplicas | undefined
  /** Opens another connection, of a client that can be told of changes by the server. */
  tracked?: (() => NodeRedisConnection) | undefined
  /** Closes the client, where it is the store's own. */
  close?: (() => Promise<void>) | undefined
}

/**
 * Sessions in Redis or Valkey, one string per session with the server's own expiry.
 *
 * Deadlines cross the wire as remaining time (`PX`, `PTTL`), not as points in time: a server whose clock is wrong
 * by an hour would end every session at once, or keep it an hour too long. What that costs is that a command which
 * waits before it is carried out moves the deadline by its wait.
 */
export class RedisBackend implements Backend {
  readonly #link: RedisLink
  readonly #close: (() => Promise<void>) | undefined
  protected readonly clock: Clock
  readonly #replicas: WaitReplicas | undefined
  readonly watch?: (onDown: (cause?: unknown) => void, onUp: () => void) => void
  readonly follow?: NonNullable<Backend['follow']>
  #unwatch: Array<() => void> = []
  readonly #followers = new Set<RedisFollower>()
  #closed = false

  constructor(link: RedisLink, options: RedisBackendOptions = {}) {
    this.#link = link
    this.#close = options.close
    this.clock = options.clock ?? systemClock
    this.#replicas = options.waitReplicas
    if (this.#replicas && !link.wait)
      badOption('waitReplicas', 'a client with one connection a node, no pool', this.#replicas)
    const { tracked } = options
    if (tracked) this.follow = (prefix, listener) => this.#follow(tracked, prefix, listener)
    const { watch } = link
    if (watch) this.watch = (onDown, onUp) => this.#unwatch.push(watch(onDown, onUp))
  }

  protected get link(): RedisLink {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the store has been closed')
    return this.#link
  }

  /** Two commands in one round trip: 0.5 µs more of this process than `GET` alone, where a script costs the server 2 µs. */
  async read(key: StoreKey): Promise<Entry | undefined> {
    const { link } = this
    try {
      const name = link.key(key)
      const now = this.clock()
      const body = link.send(name, ['GET', name])
      const ttl = link.send(name, ['PTTL', name])
      // Both can fail; the second failure must not go unhandled while the first is thrown.
      ttl.catch(ignore)
      return entryFromReplies(await body, await ttl, now)
    } catch (cause) {
      throw redisError('read', cause)
    }
  }

  async create(key: StoreKey, entry: Entry): Promise<boolean> {
    const { link } = this
    try {
      return (await this.put(link, key, entry)) && (await this.#replicated(link, key))
    } catch (cause) {
      throw redisError('create', cause)
    }
  }

  async replace(key: StoreKey, seen: string, entry: Entry, ending?: Ending): Promise<Replaced> {
    const { link } = this
    announceEnd(link, key, ending)
    const { losses } = link
    try {
      const now = this.clock()
      const answer = await this.swap(link, key, seen, entry)
      if (answer === undefined) return answer
      if (answer === true) return await this.#replicated(link, key)
      // ioredis repeats commands after a loss. The other body may be ours, or built on ours: nobody can tell.
      if (link.losses !== losses) throw new SessionError('ERR_SESSION_STORE', LOST_WHILE_WRITING)
      const [body, ttl] = answer
      if (body === seen) throw new SessionError('ERR_SESSION_STORE', NOT_UTF8)
      return entryFromReplies(body, ttl, now)
    } catch (cause) {
      throw redisError('replace', cause)
    }
  }

  protected async put(link: RedisLink, key: StoreKey, { body, expires }: Entry): Promise<boolean> {
    const name = link.key(key)
    return (await link.send(name, ['SET', name, body, 'NX', ...this.lifetime(expires)])) !== null
  }

  protected swap(link: RedisLink, key: StoreKey, seen: string, entry: Entry): Promise<Swapped> {
    const { body, expires } = entry
    if (link.ifeq === undefined) {
      return hasIfeq(link).then(() => this.swap(link, key, seen, { body, expires }))
    }
    return (link.ifeq ? swap : swapByScript)(link, link.key(key), seen, body, this.lifetime(expires))
  }

  async remove(key: StoreKey, ending?: Ending): Promise<boolean> {
    const { link } = this
    announceEnd(link, key, ending)
    try {
      return (await this.take(link, key)) && (await this.#replicated(link, key))
    } catch (cause) {
      throw redisError('remove', cause)
    }
  }

  async extend(key: StoreKey, expires: number): Promise<boolean> {
    const { link } = this
    try {
      const name = link.key(key)
      if (expires !== Infinity)
        return Number(await link.send(name, ['PEXPIRE', name, String(this.remaining(expires))])) > 0
      // `PERSIST` answers 0 for a key that has no deadline, too.
      const persisted = link.send(name, ['PERSIST', name])
      const exists = link.send(name, ['EXISTS', name])
      exists.catch(ignore)
      return Number(await persisted) > 0 || Number(await exists) > 0
    } catch (cause) {
      throw redisError('extend', cause)
    }
  }

  protected async take(link: RedisLink, key: StoreKey): Promise<boolean> {
    const name = link.key(key)
    return Number(await link.send(name, ['UNLINK', name])) > 0
  }

  async #replicated(link: RedisLink, key: StoreKey): Promise<true> {
    if (!this.#replicas) return true
    const { replicas, timeout = REPLICAS_MS } = this.#replicas
    const have = Number(await link.wait?.(link.key(key), replicas, timeout))
    if (have >= replicas) return true
    throw new SessionError(
      'ERR_SESSION_STORE',
      `the write stands, but only ${have} of ${replicas} replicas had it within ${timeout} ms`,
    )
  }

  scan(prefix = ''): AsyncIterable<[StoreKey, Entry]> {
    return scanEntries(this.link, prefix, (key) => this.read(key))
  }

  /** The keys of what `scan` lists, without reading it; other types of keys among them. */
  keys(prefix = ''): AsyncIterable<StoreKey[]> {
    return scanKeys(this.link, prefix)
  }

  /** Whether a key is none of our own that stands beside sessions. */
  protected isSession(_key: StoreKey): boolean {
    return true
  }

  async #follow(
    tracked: () => NodeRedisConnection,
    prefix: string,
    listener: NewsListener,
  ): Promise<() => void> {
    const follower = new RedisFollower(tracked, this.link, prefix, (news) => {
      if (news === 'gap' || this.isSession(news.key)) listener(news)
    })
    this.#followers.add(follower)
    const stop = () => {
      this.#followers.delete(follower)
      follower.stop()
    }
    await follower.start().catch((error) => {
      stop()
      throw error
    })
    return stop
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const unwatch of this.#unwatch) unwatch()
    for (const follower of this.#followers) follower.stop()
    await this.#close?.()
  }

  /** Whole milliseconds from now, never negative: 0 ends a key at once. */
  protected remaining(expires: number): number {
    return Math.min(Math.max(Math.ceil(expires - this.clock()), 0), Number.MAX_SAFE_INTEGER)
  }

  /** The words for `SET`. A deadline that has passed becomes one that has passed for every clock. */
  protected lifetime(expires: number): string[] {
    if (expires === Infinity) return []
    const ms = this.remaining(expires)
    return ms === 0 ? ['PXAT', '1'] : ['PX', String(ms)]
  }
}

/** @param ttl -1: no deadline; -2: the key went away between the two commands */
function entryFromReplies(body: unknown, ttl: unknown, now: number): Entry | undefined {
  const left = Number(ttl)
  if (body === null || left === -2 || left === 0) return undefined
  return { body: String(body), expires: left < 0 ? Infinity : now + left }
}

const REPLICAS_MS = 500

const NOT_UTF8 = 'the stored record is not valid UTF-8, it cannot be changed'
const LOST_WHILE_WRITING =
  'the connection was lost while the session was written: it may have been written, or not'
