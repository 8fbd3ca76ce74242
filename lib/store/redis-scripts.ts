/** Lua for what no single command does. Strings are compared and stored as they are, never decoded as JSON. */
import { createHash } from 'node:crypto'
import type { RedisLink } from './redis-link'

export class RedisScript {
  readonly #source: string
  readonly #sha: string

  constructor(source: string) {
    this.#source = source
    this.#sha = createHash('sha1').update(source).digest('hex')
  }

  /** All keys must live in the slot of the first. Servers forget scripts (restart, fail-over): it is sent again then. */
  async run(link: RedisLink, keys: string[], args: string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args]
    const [first = ''] = keys
    try {
      return await link.send(first, ['EVALSHA', this.#sha, ...rest])
    } catch (error) {
      if (!isErrorReply(error, 'NOSCRIPT')) throw error
      return link.send(first, ['EVAL', this.#source, ...rest])
    }
  }
}

/** The server answered with an error that starts with this word. */
export function isErrorReply(error: unknown, start: string): boolean {
  return error instanceof Error && error.message.startsWith(start)
}

/**
 * KEYS[1] record; ARGV seen, body, then the words of its lifetime.
 * Answers 1: written; nil: absent; {body, ttl}: what stands there instead.
 */
export const REPLACE = new RedisScript(`
local now = redis.call('GET', KEYS[1])
if not now then return nil end
if now ~= ARGV[1] then return {now, redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], ARGV[2], unpack(ARGV, 3))
return 1`)
