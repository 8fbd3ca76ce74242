/**
 * One face for the clients that people have: node-redis 4, 5 and 6, ioredis 5 and 6, and the Cluster client of
 * each. Told apart by the methods they have, never imported: neither package has to be installed.
 */
import { badOption } from '../../base/errors'
import { type Io, type IoCluster, IoRedisClusterLink, IoRedisLink } from './ioredis'
import type { RedisClient, RedisLink } from './link'
import { type Node, type NodeCluster, NodeRedisClusterLink, NodeRedisLink } from './node-redis'

const EXPECTED = 'a client of redis (node-redis) 4 to 6 or ioredis 5 to 6, or a Cluster of these'

const links = new WeakMap<RedisClient, RedisLink>()

/**
 * One link per client, whoever asks: one set of listeners, and what was learnt about its server is learnt once.
 * @throws SessionOptionError when this is no client that we know
 */
export function linkOf(client: RedisClient): RedisLink {
  const known = typeof client === 'object' && client !== null ? links.get(client) : undefined
  if (known) return known
  const link = adapt(client)
  links.set(client, link)
  return link
}

function adapt(client: RedisClient): RedisLink {
  // A function has a `call` of its own, and is a `createClient` that was not called.
  const methods = typeof client === 'object' ? (client as unknown as Record<string, unknown> | null) : null
  const has = (name: string) => typeof methods?.[name] === 'function'
  // The callbacks of node-redis 3 (`legacyMode`, `legacy()`) and its sentinels have other signatures.
  const speaksOtherwise =
    !has('on') ||
    has('getSentinelNode') ||
    (methods?.['options'] as { legacyMode?: unknown } | undefined)?.legacyMode
  if (speaksOtherwise) badOption('client', EXPECTED, withoutPassword(client))
  if (has('call') && has('nodes')) return new IoRedisClusterLink(client as unknown as IoCluster)
  if (has('call')) return new IoRedisLink(client as unknown as Io)
  if (has('sendCommand')) {
    if (has('nodeClient')) return new NodeRedisClusterLink(client as unknown as NodeCluster)
    return new NodeRedisLink(client as unknown as Node)
  }
  badOption('client', EXPECTED, withoutPassword(client))
}

/** What was given, for a message: a URL may carry a password. */
export function withoutPassword(given: unknown): unknown {
  return typeof given === 'string' ? given.replace(/\/\/.*@/, '//…@') : given
}
