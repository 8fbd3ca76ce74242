/** The types of every client are taken as they are, without a cast: checked by tsc, not by running. */
import { test } from 'node:test'
import type { Cluster, Redis } from 'ioredis'
import type { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import type { createClient, createClientPool, createCluster } from 'redis'
import type { createClient as createClient4, createCluster as createCluster4 } from 'redis4'
import type { createClient as createClient5, createCluster as createCluster5 } from 'redis5'
import type { RedisStoreOptions } from '../../../lib/store/redis'

type Given = NonNullable<RedisStoreOptions['client']>
type Taken<Client extends Given> = Client

export type All = [
  Taken<Redis>,
  Taken<Redis5>,
  Taken<Cluster>,
  Taken<Cluster5>,
  Taken<ReturnType<typeof createClient>>,
  Taken<ReturnType<typeof createCluster>>,
  Taken<ReturnType<typeof createClientPool>>,
  Taken<ReturnType<typeof createClient4>>,
  Taken<ReturnType<typeof createCluster4>>,
  Taken<ReturnType<typeof createClient5>>,
  Taken<ReturnType<typeof createCluster5>>,
]
// @ts-expect-error -- something else is refused
export type Wrong = Taken<URL>

test('the types of all clients are accepted', () => {})
