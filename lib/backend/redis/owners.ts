import type { Entry, StoreKey } from '../contract'
import { RedisBackend, type RedisBackendOptions } from './backend'
import { redisError } from './errors'
import type { RedisLink } from './link'
import { OwnerIndex } from './owner-index'
import { RedisScript } from './scripts'
import type { Swapped } from './swap'

export interface OwnedRedisBackendOptions extends RedisBackendOptions {
  /** Put before the keys of the index; no session's key may begin with it. Default `'owner:sess:'`. */
  ownerPrefix?: string | undefined
}

/**
 * `RedisBackend` with an index of whose sessions are whose.
 *
 * Beside each session that has an owner stands a string that names the owner, in the same slot of a cluster, written
 * in one script with the session: it is the truth. Each owner has a sorted set of keys, which may live on another
 * node: it is a hint. The hint is given before the session is written, so that at any crash it can only name too
 * many keys, never too few; and what it names is checked against the truth when it is read.
 */
export class OwnedRedisBackend extends RedisBackend {
  readonly #prefix: string

  constructor(link: RedisLink, options: OwnedRedisBackendOptions = {}) {
    super(link, options)
    this.#prefix = options.ownerPrefix ?? 'owner:sess:'
  }

  async ownedBy(owner: string): Promise<Array<[StoreKey, Entry]>> {
    const { link } = this
    try {
      const index = this.#index(link)
      const found: Array<[StoreKey, Entry]> = []
      const keys = await index.keys(owner)
      for (let start = 0; start < keys.length; start += BATCH) {
        await Promise.all(
          keys.slice(start, start + BATCH).map(async (key) => {
            const [entry, now] = await Promise.all([this.read(key), index.ownerOf(key)])
            if (entry && now === owner) found.push([key, { ...entry, owner }])
            else index.tidy(owner, key)
          }),
        )
      }
      return found.sort(([, a], [, b]) => a.expires - b.expires)
    } catch (cause) {
      throw redisError('ownedBy', cause)
    }
  }

  /** The owner is asked for first: the hint has to reach as far as the session before the session does. */
  override async extend(key: StoreKey, expires: number): Promise<boolean> {
    const { link } = this
    try {
      const index = this.#index(link)
      const owner = await index.ownerOf(key)
      if (owner !== undefined) await index.add(owner, key, expires)
      const ms = expires === Infinity ? '' : String(this.remaining(expires))
      const [extended, now] = pair(await EXTEND.run(link, index.places(key), [ms]))
      if (extended > 0 && now !== undefined && now !== owner) await index.add(now, key, expires)
      return extended > 0
    } catch (cause) {
      throw redisError('extend', cause)
    }
  }

  /** With their owners, which are asked for many at a time. */
  override async *scan(prefix = ''): AsyncGenerator<[StoreKey, Entry]> {
    let batch: Array<[StoreKey, Entry]> = []
    for await (const pair of super.scan(prefix)) {
      if (!this.isSession(pair[0]) || batch.push(pair) < BATCH) continue
      yield* await this.#owned(batch)
      batch = []
    }
    yield* await this.#owned(batch)
  }

  override async *keys(prefix = ''): AsyncGenerator<StoreKey[]> {
    for await (const keys of super.keys(prefix)) yield keys.filter((key) => this.isSession(key))
  }

  protected override isSession(key: StoreKey): boolean {
    return !key.startsWith(this.#prefix)
  }

  protected override async put(link: RedisLink, key: StoreKey, entry: Entry): Promise<boolean> {
    const index = this.#index(link)
    const hint = index.hint(key, entry)
    if (!link.ordered) await hint
    const writing = CREATE.run(link, index.places(key), [entry.body, ...this.#ownership(entry)])
    const [created] = await Promise.all([writing, hint])
    if (created !== 1 && entry.owner !== undefined) index.tidy(entry.owner, key)
    return created === 1
  }

  protected override async swap(
    link: RedisLink,
    key: StoreKey,
    seen: string,
    entry: Entry,
  ): Promise<Swapped> {
    const { owner } = entry
    const index = this.#index(link)
    const hint = index.hint(key, entry)
    if (!link.ordered) await hint
    const writing = REPLACE.run(link, index.places(key), [seen, entry.body, ...this.#ownership(entry)])
    const [answer] = await Promise.all([writing, hint])
    const [written, was, ttl] = Array.isArray(answer) ? (answer as unknown[]) : []
    if (written !== 1 && owner !== undefined) index.tidy(owner, key)
    if (written === 1) {
      const ended = this.remaining(entry.expires) === 0
      if (was !== owner) await index.hint(key, entry)
      if (was !== null && (ended || was !== owner)) index.tidy(String(was), key)
      return true
    }
    return written === undefined ? undefined : [was, ttl]
  }

  protected override async take(link: RedisLink, key: StoreKey): Promise<boolean> {
    const index = this.#index(link)
    const [removed, was] = pair(await REMOVE.run(link, index.places(key), []))
    if (was !== undefined) index.tidy(was, key)
    return removed > 0
  }

  async #owned(batch: ReadonlyArray<[StoreKey, Entry]>): Promise<Array<[StoreKey, Entry]>> {
    const index = this.#index(this.link)
    try {
      return await Promise.all(
        batch.map(async ([key, entry]): Promise<[StoreKey, Entry]> => {
          const owner = await index.ownerOf(key)
          return [key, owner === undefined ? entry : { ...entry, owner }]
        }),
      )
    } catch (cause) {
      throw redisError('scan', cause)
    }
  }

  #index(link: RedisLink): OwnerIndex {
    return new OwnerIndex(link, this.#prefix, this.clock)
  }

  /** Whether there is an owner, who, and how long both keys live. */
  #ownership({ owner, expires }: Entry): string[] {
    return [owner === undefined ? '0' : '1', owner ?? '', ...this.lifetime(expires)]
  }
}

/** Sessions of one owner that are read at once. */
const BATCH = 100

/** KEYS[1] session, KEYS[2] its owner. */
const CREATE = new RedisScript(`
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', unpack(ARGV, 4)) then return 0 end
if ARGV[2] == '1' then redis.call('SET', KEYS[2], ARGV[3], unpack(ARGV, 4)) else redis.call('DEL', KEYS[2]) end
return 1`)

/** Answers nil: absent; {0, body, ttl}: another body stands there; {1, owner before}: written. */
const REPLACE = new RedisScript(`
local now = redis.call('GET', KEYS[1])
if not now then return nil end
if now ~= ARGV[1] then return {0, now, redis.call('PTTL', KEYS[1])} end
local was = redis.call('GET', KEYS[2])
redis.call('SET', KEYS[1], ARGV[2], unpack(ARGV, 5))
if ARGV[3] == '1' then redis.call('SET', KEYS[2], ARGV[4], unpack(ARGV, 5)) else redis.call('DEL', KEYS[2]) end
return {1, was}`)

const REMOVE = new RedisScript(`
local was = redis.call('GET', KEYS[2])
redis.call('UNLINK', KEYS[2])
return {redis.call('UNLINK', KEYS[1]), was}`)

/** ARGV[1] milliseconds, or nothing for ever. */
const EXTEND = new RedisScript(`
local was = redis.call('GET', KEYS[2])
for _, key in ipairs(KEYS) do
  if ARGV[1] == '' then redis.call('PERSIST', key) end
end
local stands = redis.call('EXISTS', KEYS[1])
if ARGV[1] ~= '' then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return {stands, was}`)

function pair(answer: unknown): [count: number, owner: string | undefined] {
  const [count, owner] = answer as [unknown, unknown]
  return [Number(count), owner === null ? undefined : String(owner)]
}
