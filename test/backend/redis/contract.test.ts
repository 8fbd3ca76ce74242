/** The contract of a backend, over every client library in CI, by hand over the newest versions, and over their Cluster clients. */
import { after, before, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedisBackend } from '../../../lib/backend/redis/backend'
import { linkOf } from '../../../lib/backend/redis/client'
import type { RedisLink } from '../../../lib/backend/redis/link'
import { OwnedRedisBackend } from '../../../lib/backend/redis/owners'
import { canTrack, trackedCopy } from '../../../lib/backend/redis/tracked'
import { backendCases, testBackend } from '../../../lib/conformance/backend/cases'
import type { BackendCapability, BackendHandle } from '../../../lib/conformance/backend/context'
import { CLIENTS, CLUSTER_CLIENTS, newest, type OpenClient, openPool } from '../../support/redis-clients'
import {
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
  withoutRedis,
} from '../../support/servers'

const CAPABILITIES: BackendCapability[] = ['scan', 'close', 'shared', 'durable', 'givenClient', 'anyBody']
const NEWEST = ['node-redis 6', 'ioredis 6'] as const
const missing = withoutRedis()

let server: RedisServer
let cluster: RedisCluster
if (!missing) {
  before(async () => {
    ;[server, cluster] = await Promise.all([startRedis(), startRedisCluster()])
  })
  after(() => Promise.all([server.stop(), cluster.stop()]))
  for (const [name, open] of newest(CLIENTS)) {
    const handle = sharing(() => open(server))
    after(handle.close)
    testBackend(
      `RedisBackend on ${name}`,
      async () => ({
        ...(await handle.open()),
        async break() {
          await server.kill()
        },
        async mend() {
          await server.start()
        },
      }),
      { capabilities: [...CAPABILITIES, 'watch', 'faults', ...following(name)], skip: exceptNewest(name) },
    )
  }
  for (const name of NEWEST) {
    const handle = sharing(() => CLUSTER_CLIENTS[name]!(cluster))
    after(handle.close)
    testBackend(`RedisBackend on a cluster with ${name}`, handle.open, { capabilities: CAPABILITIES })
  }
  const pool = sharing(() => openPool(server), OwnedRedisBackend)
  after(pool.close)
  testBackend('OwnedRedisBackend on a pool of node-redis 6', pool.open, {
    capabilities: [...CAPABILITIES, 'owners'],
    skip: withoutLongListing('the suites on one connection run it'),
  })
  for (const name of NEWEST) {
    const [single, many] = [
      sharing(() => CLIENTS[name]!(server), OwnedRedisBackend),
      sharing(() => CLUSTER_CLIENTS[name]!(cluster), OwnedRedisBackend),
    ]
    after(() => Promise.all([single.close(), many.close()]))
    const skip = withoutLongListing('RedisBackend runs it on the same client')
    const capabilities: BackendCapability[] = [...CAPABILITIES, 'owners']
    testBackend(`OwnedRedisBackend on ${name}`, single.open, {
      capabilities: capabilities.concat('watch', following(name)),
      skip,
    })
    testBackend(`OwnedRedisBackend on a cluster with ${name}`, many.open, { capabilities, skip })
  }
}

if (missing) describe('RedisBackend', { skip: missing }, () => {})

/** The long listing knows nothing of clients; that it works with each library is seen in the short ones. */
function exceptNewest(name: string): Record<string, string> {
  return name.endsWith('6') ? {} : withoutLongListing('the newest version of this library runs it')
}

function withoutLongListing(reason: string): Record<string, string> {
  const listing = backendCases.find((each) => each.name.startsWith('a listing of 10,000'))
  return listing ? { [listing.name]: reason } : {}
}

/** One client for all cases of a suite, as an application has it; the data are dropped before each case. */
function sharing(connect: () => Promise<OpenClient>, Backend = RedisBackend) {
  let first: OpenClient | undefined
  let second: OpenClient | undefined
  return {
    async open(): Promise<BackendHandle> {
      first ??= await connect()
      second ??= await connect()
      const [one, two] = [linkOf(first.client), linkOf(second.client)]
      for (const link of [one, two]) await connected(link)
      for (const send of await one.nodes()) await send(['FLUSHALL'])
      return {
        backend: new Backend(one, trackedBy(first.client)),
        reopen: () => new Backend(two, trackedBy(second?.client)),
        precisionMs: 2000,
        clock: { now: Date.now, advance: (ms) => sleep(ms + 20) },
        clientWorks: async () => Number(await one.send('k', ['EXISTS', 'k'])) === 1,
      }
    },
    async close() {
      await first?.close()
      await second?.close()
    },
  }
}

/** What the server can tell of changes. */
function following(name: string): BackendCapability[] {
  return /^node-redis [56]$/.test(name) ? ['follow'] : []
}

function trackedBy(client: unknown) {
  return canTrack(client) ? { tracked: () => trackedCopy(client) } : {}
}

/** After a case that broke the connection the clients need a moment. */
async function connected(link: RedisLink): Promise<void> {
  for (let i = 0; i < 100; i++) {
    try {
      await link.send('k', ['EXISTS', 'k'])
      return
    } catch {
      await sleep(20)
    }
  }
}
