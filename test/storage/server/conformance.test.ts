/** The suites that every store of ours passes, through a live socket to the session storage. */
import { join } from 'node:path'
import { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedisBackend } from '../../../lib/backend/redis/backend'
import { linkOf } from '../../../lib/backend/redis/client'
import { testBackend } from '../../../lib/conformance/backend/cases'
import { testStore } from '../../../lib/conformance/store/cases'
import { SessionStorage } from '../../../lib/storage/server/server'
import { RedisStore } from '../../../lib/store/redis'
import { RawClient } from '../../support/raw-resp'
import { CLIENTS, type OpenClient } from '../../support/redis-clients'
import type { RedisServer } from '../../support/servers'
import { folderFor } from '../../support/storage-process'

const folder = folderFor({ after })
let storage: SessionStorage
let port = 0

async function start(): Promise<void> {
  storage = new SessionStorage({ saveFile: join(folder, 's'), port })
  await storage.listen()
  port = storage.address()?.port ?? 0
}
before(start)
after(() => storage.close())

/** The clients of the Redis suites want no more of a server than its URL. */
const connect = (name: string): Promise<OpenClient> =>
  CLIENTS[name]!({ url: `redis://127.0.0.1:${port}` } as RedisServer)

async function flush(): Promise<void> {
  const client = new RawClient({ port, host: '127.0.0.1' })
  await client.send('FLUSHDB')
  client.close()
}

const faults = { break: () => storage.close(), mend: start }

const open: OpenClient[] = []
after(() => Promise.all(open.map((one) => one.close())))

testBackend(
  'RedisBackend on the session storage',
  async () => {
    while (open.length < 2) open.push(await connect('node-redis 6'))
    const links = open.map(({ client }) => linkOf(client))
    for (const link of links) {
      for (let i = 0; i < 100 && !(await answers(link.send('k', ['EXISTS', 'k']))); i++) await sleep(20)
    }
    await flush()
    const [one, two] = links as [(typeof links)[0], (typeof links)[0]]
    return {
      backend: new RedisBackend(one),
      reopen: () => new RedisBackend(two),
      precisionMs: 2000,
      clock: { now: Date.now, advance: (ms) => sleep(ms + 20) },
      clientWorks: () => answers(one.send('k', ['EXISTS', 'k'])),
      ...faults,
    }
  },
  {
    capabilities: ['scan', 'close', 'shared', 'durable', 'givenClient', 'anyBody', 'watch', 'faults'],
  },
)

for (const name of ['node-redis 6', 'ioredis 6']) {
  testStore(
    `RedisStore on the session storage with ${name}`,
    async () => {
      if (storage.address() === undefined) await start()
      await flush()
      const { client, close } = await connect(name)
      const withPrefix = (prefix?: string) => new RedisStore({ client, prefix })
      const store = withPrefix()
      return {
        store,
        resolutionMs: 40,
        withPrefix,
        ...faults,
        clientWorks: () => answers((client as unknown as { ping(): Promise<string> }).ping()),
        async close() {
          await store.close()
          await close()
        },
      }
    },
    {
      capabilities: [
        ...(['touch', 'all', 'length', 'clear', 'close', 'promises', 'prefix', 'fineTime'] as const),
        ...(['faults', 'codes', 'givenClient'] as const),
      ],
    },
  )
}

async function answers(reply: Promise<unknown>): Promise<boolean> {
  return reply.then(
    () => true,
    () => false,
  )
}
