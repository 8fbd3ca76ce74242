/** RedisStore on a Valkey that has `SET … IFEQ`, by the server's own word for what it was asked. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedisBackend } from '../../../lib/backend/redis/backend'
import { linkOf } from '../../../lib/backend/redis/client'
import { testBackend } from '../../../lib/conformance/backend/cases'
import { CLIENTS } from '../../support/redis-clients'
import { freePort, respCommand } from '../../support/servers'

const entry = (body: string) => ({ body, expires: Date.now() + 60_000 })
const SCRIPT = join(__dirname, '../../support/valkey.mjs')
const QUIET = ['--no-warnings']

let valkey: ChildProcess
const server = { url: '', port: 0 }
before(async () => {
  server.port = await freePort()
  server.url = `redis://127.0.0.1:${server.port}`
  valkey = fork(SCRIPT, [String(server.port)], {
    execArgv: QUIET,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(valkey, 'message')
})
after(async () => {
  const ended = once(valkey, 'exit')
  valkey.disconnect()
  await ended
})

/** How often the server carried out a command since it was told to forget. */
async function calls(command: string): Promise<number> {
  const stats = String(await respCommand(server, ['INFO', 'commandstats']))
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

testBackend(
  'RedisBackend on Valkey',
  async () => {
    const { client, close } = await CLIENTS['node-redis 6']!(server)
    await respCommand(server, ['FLUSHALL'])
    return {
      backend: new RedisBackend(linkOf(client)),
      reopen: () => new RedisBackend(linkOf(client)),
      precisionMs: 2000,
      clock: { now: Date.now, advance: (ms) => sleep(ms + 20) },
      clientWorks: async () => (await respCommand(server, ['PING'])) === 'PONG',
      close,
    }
  },
  { capabilities: ['scan', 'close', 'shared', 'durable', 'givenClient', 'anyBody', 'watch'] },
)

for (const name of ['node-redis 6', 'ioredis 6']) {
  describe(`compare-and-swap on Valkey with ${name}`, () => {
    beforeEach(() => respCommand(server, ['FLUSHALL']))

    test('is the server’s own: one SET … IFEQ a change, no script', async (t) => {
      const { client, close } = await CLIENTS[name]!(server)
      t.after(close)
      const backend = new RedisBackend(linkOf(client))
      await backend.create('k', entry('a'))
      assert.equal(await backend.replace('k', 'a', entry('b')), true)
      await respCommand(server, ['CONFIG', 'RESETSTAT'])
      assert.equal(await backend.replace('k', 'b', entry('c')), true)
      assert.deepEqual([await calls('set'), await calls('evalsha'), await calls('eval')], [1, 0, 0])
      assert.equal(linkOf(client).ifeq, true)
    })

    test('tells what stands there instead, with its deadline, and creates nothing', async (t) => {
      const { client, close } = await CLIENTS[name]!(server)
      t.after(close)
      const backend = new RedisBackend(linkOf(client))
      const wanted = entry('{"n":[],"big":12345678901234567890}')
      await backend.create('k', wanted)
      const stands = await backend.replace('k', '{"n":{}}', entry('z'))
      assert.ok(typeof stands === 'object')
      assert.equal(stands.body, wanted.body)
      assert.ok(Math.abs(stands.expires - wanted.expires) < 2000)
      assert.equal(await backend.replace('gone', 'a', entry('z')), undefined)
      assert.equal(await respCommand(server, ['EXISTS', 'gone']), 0)
    })

    test('of writers that race for one record each round has one winner', async (t) => {
      const { client, close } = await CLIENTS[name]!(server)
      t.after(close)
      const backend = new RedisBackend(linkOf(client))
      await backend.create('counter', entry('0'))
      const add = async (): Promise<void> => {
        for (let seen = (await backend.read('counter'))!.body; ; ) {
          const answer = await backend.replace('counter', seen, entry(String(Number(seen) + 1)))
          if (answer === true) return
          seen = (answer as { body: string }).body
        }
      }
      await Promise.all(Array.from({ length: 20 }, add))
      assert.equal((await backend.read('counter'))?.body, '20')
    })
  })
}
