import type { RedisClient } from '../../lib/backend/redis/link'
import type { RedisCluster } from './servers'

/** A connected client of one of the libraries, and how to end it. */
export interface OpenClient {
  readonly client: RedisClient
  close(): Promise<void>
}

type Open = (server: { url: string }) => Promise<OpenClient>
type OpenCluster = (cluster: RedisCluster) => Promise<OpenClient>

function nodeRedis(name: string): Open {
  return async (server) => {
    const client = require(name).createClient({
      url: server.url,
      socket: { reconnectStrategy: 20 },
    })
    client.on('error', () => {})
    await client.connect()
    return { client, close: async () => client.isOpen && (await client.disconnect()) }
  }
}

function ioredis(name: string): Open {
  return async (server) => {
    const { Redis } = require(name)
    const client = new Redis(server.url, { retryStrategy: () => 20 })
    await client.ping()
    return { client, close: async () => client.disconnect() }
  }
}

/** By the name of the library as installed here, version by version. */
export const CLIENTS: Record<string, Open> = {
  'node-redis 4': nodeRedis('redis4'),
  'node-redis 5': nodeRedis('redis5'),
  'node-redis 6': nodeRedis('redis'),
  'ioredis 5': ioredis('ioredis5'),
  'ioredis 6': ioredis('ioredis'),
}

/** Those of the newest versions; in CI, all. What is the client's own affair is tested with all of them everywhere. */
export function newest<T>(clients: Record<string, T>): Array<[name: string, client: T]> {
  const all = Object.entries(clients)
  return process.env['CI'] === 'true' ? all : all.filter(([name]) => name.endsWith('6'))
}

export const openPool: Open = async (server) => {
  const client = require('redis').createClientPool({ url: server.url }, { minimum: 2, maximum: 5 })
  client.on('error', () => {})
  await client.connect()
  return { client, close: async () => client.destroy() }
}

function nodeRedisCluster(name: string): OpenCluster {
  return async ({ rootNodes }) => {
    const client = require(name).createCluster({
      rootNodes: rootNodes.map(({ host, port }) => ({ url: `redis://${host}:${port}` })),
      defaults: { socket: { reconnectStrategy: 20 } },
      // Version 6: look for the new master after this time without the old one. Default 5000.
      topologyRefreshOnReconnectionAttemptStrategy: 200,
    })
    client.on('error', () => {})
    await client.connect()
    return { client, close: async () => client.disconnect() }
  }
}

function ioredisCluster(name: string): OpenCluster {
  return async ({ rootNodes }) => {
    const { Cluster } = require(name)
    const client = new Cluster(rootNodes)
    await client.ping()
    return { client, close: async () => client.disconnect() }
  }
}

export const CLUSTER_CLIENTS: Record<string, OpenCluster> = {
  'node-redis 4': nodeRedisCluster('redis4'),
  'node-redis 5': nodeRedisCluster('redis5'),
  'node-redis 6': nodeRedisCluster('redis'),
  'ioredis 5': ioredisCluster('ioredis5'),
  'ioredis 6': ioredisCluster('ioredis'),
}
