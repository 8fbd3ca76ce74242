import { after, before, describe } from 'node:test'
import { testStore } from '../../lib/conformance/store/cases'
import { RedisStore } from '../../lib/store/redis'
import { CLIENTS } from '../support/redis-clients'
import { type RedisServer, startRedis, withoutRedis } from '../support/servers'

describe('RedisStore as an application has it', { skip: withoutRedis() }, () => {
  let server: RedisServer
  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())

  for (const name of ['node-redis 6', 'ioredis 6']) {
    testStore(
      `RedisStore with ${name}`,
      async () => {
        if (server.pid === undefined) await server.start()
        await server.command('FLUSHALL')
        const { client, close } = await CLIENTS[name]!(server)
        const open = (prefix?: string) => new RedisStore({ client, prefix })
        const store = open()
        return {
          store,
          resolutionMs: 40,
          withPrefix: open,
          break: () => server.kill(),
          mend: () => server.restart(),
          clientWorks: async () => (await (client as any).ping()) === 'PONG',
          async close() {
            await store.close()
            await close()
          },
        }
      },
      {
        script: `
          const { RedisStore } = require('./lib/store/redis')
          new RedisStore({ url: 'redis://127.0.0.1:1' })`,
        capabilities: [
          ...(['touch', 'all', 'length', 'clear', 'close', 'promises', 'prefix', 'fineTime'] as const),
          ...(['faults', 'codes', 'givenClient'] as const),
        ],
      },
    )
  }
})
