/** Whether the server has compare-and-swap in `SET` (`IFEQ`: Redis 8.4, Valkey 8.1), found out by trying it. */
import { randomUUID } from 'node:crypto'
import { isErrorReply } from './errors'
import type { RedisLink } from './link'

const trials = new WeakMap<RedisLink, Promise<boolean>>()

/**
 * Asked once per client. Only an answer is remembered: a failure to ask is thrown and the next caller asks again.
 */
export function hasIfeq(link: RedisLink): Promise<boolean> {
  const running = trials.get(link)
  if (running) return running
  const trial = tryIfeq(link)
    .then((answer) => {
      link.ifeq = answer
      return answer
    })
    .finally(() => trials.delete(link))
  trials.set(link, trial)
  return trial
}

/**
 * Versions are not asked for: servers that speak Redis' protocol carry other numbers, and some accept a word
 * without obeying it. So every case that we rely on is tried on a key of its own: a server that swaps what is
 * absent or different would lose sessions without a sound.
 */
async function tryIfeq(link: RedisLink): Promise<boolean> {
  const key = link.key(`sojourn:ifeq:${randomUUID()}`)
  const send = (...args: string[]) => link.send(key, args)
  /** @returns whether a swap gives this answer, leaves this value, and a deadline */
  const swaps = async (words: string[], answer: string | null, value: string | null) =>
    (await send('SET', key, 'new', 'IFEQ', ...words, 'PX', PROBE_LIFETIME_MS)) === answer &&
    (await send('GET', key)) === value &&
    Number(await send('PTTL', key)) > 0 === (value !== null)
  const reset = () => send('SET', key, 'old', 'PX', PROBE_LIFETIME_MS)
  try {
    if (!(await swaps(['old', 'GET'], null, null)) || !(await swaps(['old'], null, null))) return false
    await reset()
    if (!(await swaps(['other', 'GET'], 'old', 'old')) || !(await swaps(['other'], null, 'old'))) return false
    if (!(await swaps(['old', 'GET'], 'old', 'new'))) return false
    await reset()
    return (await swaps(['old'], 'OK', 'new')) && Number(await send('UNLINK', key)) === 1
  } catch (error) {
    if (refusesIfeq(error) || isErrorReply(error, 'NOPERM')) return false
    throw error
  }
}

const PROBE_LIFETIME_MS = '10000'

/** The answer of a server that does not know the word. */
export function refusesIfeq(error: unknown): boolean {
  return isErrorReply(error, 'ERR syntax error')
}
