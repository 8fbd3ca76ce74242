import { ignore } from '../../base/async'
import type { Clock } from '../../base/clock'
import type { Entry, StoreKey } from '../contract'
import type { RedisLink } from './link'
import { RedisScript } from './scripts'

/** How far apart the clocks of the processes that share the index may be. */
const CLOCKS_MS = 3_600_000

/**
 * The keys of each owner's sessions, in a sorted set by the latest deadline that any of them was about to get. What
 * is past it by more than clocks can differ is dropped at the next addition, and the set ends with its last member.
 */
export class OwnerIndex {
  constructor(
    readonly link: RedisLink,
    readonly prefix: string,
    readonly clock: Clock,
  ) {}

  /** The session, and what says whose it is: both in one slot of a cluster. */
  places(key: StoreKey): [session: string, owner: string] {
    return [this.link.key(key), this.link.key(`${this.prefix}of:${sameSlot(this.link.keyPrefix + key)}`)]
  }

  async ownerOf(key: StoreKey): Promise<string | undefined> {
    const [, name] = this.places(key)
    const owner = await this.link.send(name, ['GET', name])
    return owner === null ? undefined : String(owner)
  }

  async keys(owner: string): Promise<StoreKey[]> {
    const name = this.#set(owner)
    return ((await this.link.send(name, ['ZRANGE', name, '0', '-1'])) as unknown[]).map(String)
  }

  /** To be given before the session is written. */
  async hint(key: StoreKey, { owner, expires }: Entry): Promise<void> {
    if (owner !== undefined) await this.add(owner, key, expires)
  }

  async add(owner: string, key: StoreKey, expires: number): Promise<void> {
    const score = String(Math.min(Math.ceil(expires), NEVER))
    await ADD.run(this.link, [this.#set(owner)], [key, score, String(this.clock()), String(CLOCKS_MS)])
  }

  /** Takes a key out if it is not this owner's. In the background: nobody waits for it, and one left over is harmless. */
  tidy(owner: string, key: StoreKey): void {
    this.#tidy(owner, key).catch(ignore)
  }

  /**
   * Somebody may be about to write the session for this owner, and have given the hint already. A hint given after
   * the first step changes the score, and stays; one given before it is given again.
   */
  async #tidy(owner: string, key: StoreKey): Promise<void> {
    const name = this.#set(owner)
    const score = await this.link.send(name, ['ZSCORE', name, key])
    if (score === null || (await this.#holds(owner, key))) return
    await DROP.run(this.link, [name], [key, String(score)])
    if (!(await this.#holds(owner, key))) return
    const [session] = this.places(key)
    const left = Number(await this.link.send(session, ['PTTL', session]))
    await this.add(owner, key, left < 0 ? Infinity : this.clock() + left)
  }

  async #holds(owner: string, key: StoreKey): Promise<boolean> {
    const [session] = this.places(key)
    const [now, exists] = await Promise.all([this.ownerOf(key), this.link.send(session, ['EXISTS', session])])
    return now === owner && Number(exists) > 0
  }

  #set(owner: string): string {
    return this.link.key(`${this.prefix}to:${owner}`)
  }
}

/** Redis hashes what stands in the first non-empty pair of braces, or the whole key where there is none. */
function sameSlot(key: string): string {
  return /^[^{]*\{[^}]+\}/.test(key) ? key : `{${key}}`
}

/** In place of infinity, so that it can grow; the last moment of a `Date`, which is still exact to 1. */
const NEVER = 8_640_000_000_000_000

/**
 * KEYS[1] set; ARGV member, score, now, slack. Scores only grow: the set must reach as far as the session can. And
 * each addition changes the score, for `DROP` to see that there was one.
 */
const ADD = new RedisScript(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', ARGV[3] - ARGV[4]))
local score = tonumber(ARGV[2])
local was = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '-inf')
if was >= score then score = was + 1 end
redis.call('ZADD', KEYS[1], string.format('%.0f', score), ARGV[1])
local last = tonumber(redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
if last >= ${NEVER} then redis.call('PERSIST', KEYS[1])
else redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last - ARGV[3] + ARGV[4])) end`)

/** KEYS[1] set; ARGV member, and the score that it must still have. */
const DROP = new RedisScript(`
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) == tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end`)
