import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type RedisServer, startRedis, withoutRedis } from '../support/servers'
import { assertExact, runHistory } from './history'

describe('a history of several processes on Redis', { skip: withoutRedis(), timeout: 240_000 }, () => {
  let server: RedisServer
  before(async () => {
    server = await startRedis({ appendonly: true })
  })
  after(() => server?.stop())

  for (const owners of [false, true]) {
    test(`every acknowledged change is there, nothing destroyed answers, owners ${owners}`, async (t) => {
      await server.command('FLUSHALL')
      const history = await runHistory({ store: 'redis', options: { url: server.url, owners }, seed: 1 })
      t.diagnostic(history.summary)
      assertExact(history)
      assert.equal(history.unsure, 0)
    })

    test(`so it is when the server is killed and a process too, owners ${owners}`, async (t) => {
      await server.command('FLUSHALL')
      const history = await runHistory({
        store: 'redis',
        options: { url: server.url, owners },
        seed: 2,
        processes: 4,
        async disturb(children, reached) {
          for (const share of [0.2, 0.5]) {
            await reached(share)
            await server.kill()
            await server.start()
          }
          await reached(0.7)
          children[0]?.kill('SIGKILL')
        },
      })
      t.diagnostic(history.summary)
      assertExact(history)
    })
  }
})
