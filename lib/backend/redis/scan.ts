import { SessionError } from '../../base/errors'
import type { Entry, StoreKey } from '../contract'
import { isErrorReply, redisError } from './errors'
import type { RedisLink, Send } from './link'

const BATCH = 500

/**
 * The keys of all live entries, node by node and batch by batch. The server may name a key twice, so the keys seen
 * are kept until the end: about 100 bytes for each.
 */
export async function* scanKeys(link: RedisLink, prefix: string): AsyncGenerator<StoreKey[]> {
  const start = link.keyPrefix + prefix
  const seen = new Set<string>()
  for (const send of await link.nodes()) {
    let cursor = '0'
    do {
      const [next, names] = await page(send, cursor, `${escapeGlob(start)}*`)
      cursor = String(next)
      const keys: StoreKey[] = []
      for (const name of names.map(String)) {
        if (!name.startsWith(start) || seen.has(name)) continue
        seen.add(name)
        keys.push(name.slice(link.keyPrefix.length))
      }
      yield keys
    } while (cursor !== '0')
  }
}

/** The entries behind them. */
export async function* scanEntries(
  link: RedisLink,
  prefix: string,
  read: (key: StoreKey) => Promise<Entry | undefined>,
): AsyncGenerator<[StoreKey, Entry]> {
  for await (const keys of scanKeys(link, prefix)) {
    const found = await Promise.all(keys.map((key) => readString(key, read)))
    for (const pair of found) if (pair) yield pair
  }
}

async function page(send: Send, cursor: string, pattern: string): Promise<[next: unknown, names: unknown[]]> {
  try {
    return (await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(BATCH)])) as [unknown, unknown[]]
  } catch (cause) {
    throw redisError('scan', cause)
  }
}

/** A key of another type is no session, whoever put it there. */
async function readString(
  key: StoreKey,
  read: (key: StoreKey) => Promise<Entry | undefined>,
): Promise<[StoreKey, Entry] | undefined> {
  try {
    const entry = await read(key)
    return entry && [key, entry]
  } catch (error) {
    if (error instanceof SessionError && isErrorReply(error.cause, 'WRONGTYPE')) return undefined
    throw error
  }
}

/** Redis' glob patterns (`util.c`, stringmatchlen): `*`, `?` and `[` are special, `\` takes that away. */
function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&')
}
