/** Compare-and-swap, by the server's own command or by a script. */
import { refusesIfeq } from './ifeq'
import type { RedisLink } from './link'
import { RedisScript } from './scripts'

/** `true`: written. `undefined`: absent. Else what stands there instead, body and PTTL, and nothing was written. */
export type Swapped = true | undefined | [body: unknown, ttl: unknown]

type Swap = (
  link: RedisLink,
  name: string,
  seen: string,
  wanted: string,
  lifetime: readonly string[],
) => Promise<Swapped>

/** With `GET` the answer is the body before the command, whether or not it was swapped: one round trip, always. */
export const swap: Swap = async (link, name, seen, wanted, lifetime) => {
  const bare = seen.includes(UNREADABLE)
  const words = bare ? lifetime : ['GET', ...lifetime]
  try {
    const answer = await link.send(name, ['SET', name, wanted, 'IFEQ', seen, ...words])
    if (bare ? answer !== null : answer === seen) return true
    const before = bare ? await link.send(name, ['GET', name]) : answer
    if (before === null) return undefined
    return [before, await link.send(name, ['PTTL', name])]
  } catch (error) {
    // Another node of the cluster, or the one after a fail-over, may be older than the one that was tried.
    if (!refusesIfeq(error)) throw error
    link.ifeq = false
    return swapByScript(link, name, seen, wanted, lifetime)
  }
}

/**
 * What bytes that are no UTF-8 become when they are read. The server compares bytes and we compare text, so for a
 * body with such a mark only the server's word counts.
 */
const UNREADABLE = '\uFFFD'

export const swapByScript: Swap = (link, name, seen, wanted, lifetime) =>
  REPLACE.run(link, [name], [seen, wanted, ...lifetime], swapped)

function swapped(answer: unknown): Swapped {
  if (Array.isArray(answer)) return [answer[0], answer[1]]
  return answer === null ? undefined : true
}

/**
 * KEYS[1] record; ARGV seen, body, then the words of its lifetime. Strings are compared and stored as they are:
 * decoding JSON in Lua would turn `[]` into `{}` and round large numbers.
 */
const REPLACE = new RedisScript(`
local now = redis.call('GET', KEYS[1])
if not now then return nil end
if now ~= ARGV[1] then return {now, redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], ARGV[2], unpack(ARGV, 3))
return 1`)
