import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import {
  Session,
  SessionStorage,
  SessionStore,
  SessionStoreLocal,
  SessionStoreMemory,
} from '../../../lib/storage'
import { startRedis, withoutRedis } from '../../support/servers'
import { folderFor } from '../../support/storage-process'

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function local(t: TestContext, options: { duration?: number; password?: string } = {}) {
  const { password, ...rest } = options
  const storage = new SessionStorage({ saveFile: join(folderFor(t), 's'), port: 0, requirepass: password })
  await storage.listen()
  const port = storage.address()?.port ?? 0
  const open = () => {
    const store = new SessionStoreLocal({ port, pruneFrequency: 0, password, ...rest })
    t.after(() => store.close())
    return store
  }
  t.after(() => storage.close())
  return { storage, port, open, store: open() }
}

const kinds: Record<string, (t: TestContext, options?: { duration?: number }) => Promise<SessionStore>> = {
  SessionStoreMemory: async (t, options) => {
    const store = new SessionStoreMemory({ pruneFrequency: 0, ...options })
    t.after(() => store.close())
    return store
  },
  SessionStoreLocal: async (t, options) => (await local(t, options)).store,
}

for (const [name, open] of Object.entries(kinds)) {
  describe(name, () => {
    it('gives back what was saved, as a copy, and an empty object for what was not', async (t) => {
      const store = await open(t)
      const data = { user: { name: 'zoë' }, text: '\ufffd \u0000 ü'.repeat(1000) }
      await store.save('a', data)
      data.user.name = 'changed'
      const kept = (await store.restore('a')) as typeof data
      assert.equal(kept.user.name, 'zoë')
      assert.equal(kept.text, data.text)
      assert.equal(Object.keys((await store.restore('none')) as object).length, 0)
    })

    it('prune drops the expired, counts them, and keeps the live', async (t) => {
      const store = await open(t, { duration: 20 })
      for (let i = 0; i < 5; i++) await store.save(`dead${i}`, { i })
      Object.assign(store, { duration: 60_000 })
      await store.save('live', { n: 1 })
      await later(25)
      assert.equal(await store.prune(), 5)
      assert.deepEqual({ ...((await store.restore('live')) as object) }, { n: 1 })
      assert.equal(await store.prune(), 0)
    })

    it('keeps a session that is used', async (t) => {
      const store = await open(t, { duration: 400 })
      await store.save('used', { n: 1 })
      const savedAt = Date.now()
      while (Date.now() < savedAt + 450) {
        await later(45)
        assert.deepEqual({ ...((await store.restore('used')) as object) }, { n: 1 })
      }
      Object.assign(store, { duration: 10 })
      await store.save('used', { n: 1 })
      await later(20)
      assert.deepEqual({ ...((await store.restore('used')) as object) }, {})
    })

    it('50 sessions of one visitor that set different keys at once keep them all', async (t) => {
      const store = await open(t)
      await new Session('sid', store).set('start', true).save()
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const session = await new Session('sid', store).restore()
          await later(1)
          await session.set(`key${i}`, i).save()
        }),
      )
      assert.equal(Object.keys((await store.restore('sid')) as object).length, 51)
    })

    it('a session that has ended is not brought back by one that is still open', async (t) => {
      const store = await open(t, { duration: 40 })
      await new Session('sid', store).set('user', 1).save()
      const open1 = await new Session('sid', store).restore()
      await later(50)
      await assert.rejects(open1.set('more', 2).save(), { code: 'ERR_SESSION_GONE' })
      assert.deepEqual({ ...((await store.restore('sid')) as object) }, {})
    })
  })
}

describe('SessionStore', () => {
  it('has the times of its page', () => {
    const { duration, pruneFrequency } = new SessionStore()
    assert.deepEqual([duration, pruneFrequency], [21_600_000, 60_000])
    assert.deepEqual([new SessionStoreLocal().host, new SessionStoreLocal().port], ['localhost', 3001])
    assert.throws(() => new SessionStore({ duration: 0 }), { code: 'ERR_SESSION_OPTION' })
    assert.throws(() => new SessionStoreLocal({ port: 'x' }), { code: 'ERR_SESSION_OPTION' })
  })

  for (const method of ['save', 'restore', 'prune'] as const) {
    it(`has no ${method} of its own`, () => {
      const call = () => new SessionStore()[method]('sid', {})
      assert.throws(call, { code: 'ERR_SESSION_USAGE', message: new RegExp(`SessionStore.${method} has to`) })
    })
  }

  it('that was extended is pruned in turn, until it is closed', async () => {
    let pruned = 0
    class Mine extends SessionStore {
      override prune() {
        pruned++
        if (pruned === 1) throw new Error('once')
        return 0
      }
    }
    const store = new Mine({ pruneFrequency: 2 })
    while (pruned < 3) await later(1)
    store.close()
    const before = pruned
    await later(20)
    assert.equal(pruned, before)
  })

  it('that was extended with save and restore only keeps the changes of parallel requests', async () => {
    const kept = new Map<string, string>()
    class Mine extends SessionStore {
      override async save(sid: string, data: object) {
        await later(1)
        kept.set(sid, JSON.stringify(data))
      }
      override async restore(sid: string) {
        await later(1)
        return JSON.parse(kept.get(sid) ?? '{}')
      }
    }
    const store = new Mine()
    await Promise.all(Array.from({ length: 10 }, (_, i) => new Session('sid', store).set(`k${i}`, i).save()))
    assert.equal(Object.keys(JSON.parse(kept.get('sid') ?? '')).length, 10)
  })
})

describe('SessionStoreLocal', () => {
  it('shares sessions with other processes, the storage itself and its password', async (t) => {
    const { storage, open, store } = await local(t, { password: 'open sesame' })
    await store.save('a', { n: 1 })
    assert.deepEqual({ ...(await open().restore('a')) }, { n: 1 })
    assert.deepEqual(storage.restore('a'), { n: 1 })
    const wrong = new SessionStoreLocal({ port: store.port, password: 'wrong', pruneFrequency: 0 })
    for (let i = 0; i < 2; i++) {
      await assert.rejects(wrong.restore('a'), { code: 'ERR_SESSION_STORE', message: /WRONGPASS/ })
    }
    wrong.close()
  })

  it('fails while there is no server, and goes on when there is one', async (t) => {
    const saveFile = join(folderFor(t), 's')
    const first = new SessionStorage({ saveFile, port: 0 })
    await first.listen()
    const port = first.address()?.port ?? 0
    const store = new SessionStoreLocal({ port, pruneFrequency: 0 })
    t.after(() => store.close())
    await store.save('a', { n: 1 })
    await first.close()
    await assert.rejects(store.restore('a'), { code: 'ERR_SESSION_STORE' })
    await assert.rejects(store.save('a', { n: 2 }), { code: 'ERR_SESSION_STORE' })
    const second = new SessionStorage({ saveFile, port })
    await second.listen()
    t.after(() => second.close())
    assert.deepEqual({ ...(await store.restore('a')) }, { n: 1 })
    store.close()
    await assert.rejects(store.restore('a'), { code: 'ERR_SESSION_CLOSED' })
  })

  it('hears WRONGPASS also when the server refuses the commands behind it in the same packet', async (t) => {
    const refuse = (socket: Socket) => socket.end(`-WRONGPASS wrong\r\n${'-NOAUTH first\r\n'.repeat(3)}`)
    const store = await lying(t, refuse, 'wrong')
    const asked = [store.restore('a'), store.save('a', {})]
    for (const each of asked) await assert.rejects(each, { code: 'ERR_SESSION_STORE', message: /WRONGPASS/ })
  })

  it('500 updates of one session at once cost a few commands, and each is told its own failure', async (t) => {
    const { storage, store } = await local(t)
    const { port } = storage.address() as { port: number }
    const watcher = connect({ port, host: '127.0.0.1' })
    t.after(() => watcher.destroy())
    const commands = async () => {
      watcher.write('INFO stats\r\n')
      return Number(/total_commands_processed:(\d+)/.exec(String((await once(watcher, 'data'))[0]))?.[1])
    }
    await new Session('sid', store).set('text', 'x'.repeat(20_000)).save()
    const before = await commands()
    const failing = (): never => {
      throw new Error('mine alone')
    }
    const updates = Array.from({ length: 500 }, (_, i) =>
      store.update('sid', i === 250 ? failing : (data) => ({ ...data, n: Number(data?.n ?? 0) + 1 })),
    )
    const results = await Promise.allSettled(updates)
    assert.deepEqual(
      results.flatMap((result, i) => (result.status === 'rejected' ? [[i, result.reason.message]] : [])),
      [[250, 'mine alone']],
    )
    assert.equal((await store.restore('sid')).n, 499)
    // Two batches of a GET and a SET, the GET and the PTTL of `restore`, and INFO itself.
    assert.ok((await commands()) - before <= 8)
  })

  it('a save that goes on losing to others fails after storeTimeout', async (t) => {
    const { storage, open } = await local(t)
    const store = open()
    const busy = new SessionStoreLocal({ port: store.port, pruneFrequency: 0, storeTimeout: 200 })
    t.after(() => busy.close())
    let n = 0
    const update = busy.update('sid', () => {
      // Another writer, in the time between the read and the write.
      storage.save('sid', { n: ++n })
      return { mine: true }
    })
    await assert.rejects(update, { code: 'ERR_SESSION_STORE_TIMEOUT' })
    await storage.saveToDisk()
    assert.deepEqual(storage.restore('sid'), { n })
  })

  /** A server that says what it likes. */
  async function lying(
    t: TestContext,
    talk: (socket: Socket) => void,
    password?: string,
  ): Promise<SessionStoreLocal> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => talk(socket))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as { port: number }
    const store = new SessionStoreLocal({
      host: '127.0.0.1',
      port,
      pruneFrequency: 0,
      storeTimeout: 50,
      password,
    })
    t.after(() => store.close())
    return store
  }

  for (const [what, bytes] of [
    ['speaks another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['answers more than was asked', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n'],
    ['sends a length that is none', '$x\r\n'],
    ['answers half and hangs up', '$10\r\nhal'],
  ] as const) {
    it(`a server that ${what} is an error, no crash`, async (t) => {
      const store = await lying(t, (socket) => socket.end(bytes))
      await assert.rejects(Promise.all([store.save('a', {}), store.restore('a'), store.restore('b')]), {
        code: 'ERR_SESSION_STORE',
      })
    })
  }

  it('a server that never answers is given up after storeTimeout, and asked anew on another connection', async (t) => {
    let silent = true
    const store = await lying(t, (socket) => {
      if (!silent) socket.write('$7\r\n{"n":1}\r\n:-1\r\n')
      silent = false
    })
    await assert.rejects(store.restore('a'), { code: 'ERR_SESSION_STORE_TIMEOUT' })
    assert.deepEqual({ ...(await store.restore('a')) }, { n: 1 })
  })

  it('replies may come in any pieces', async (t) => {
    const store = await lying(t, async (socket) => {
      for (const byte of `$12\r\n{"a":"${'é'}"}\r\n`.replace('12', '10')) {
        socket.write(byte)
        await new Promise(setImmediate)
      }
      socket.write(':-1\r\n')
    })
    assert.deepEqual({ ...(await store.restore('a')) }, { a: 'é' })
  })

  it('an open but idle connection does not keep a process', async (t) => {
    const { port } = await local(t)
    const { spawn } = await import('node:child_process')
    const script = `
      const { SessionStoreLocal } = require('./lib/storage')
      const store = new SessionStoreLocal({ port: ${port} })
      store.save('a', { n: 1 }).then(() => console.log('saved'))`
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
      cwd: join(__dirname, '../../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [[output], [code]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')])
    assert.deepEqual([String(output), code], ['saved\n', 0])
  })

  it('prunes nothing on a real Redis, which does it by itself', { skip: withoutRedis() }, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const store = new SessionStoreLocal({ port: redis.port, pruneFrequency: 0 })
    t.after(() => store.close())
    await store.save('a', { n: 1 })
    assert.deepEqual({ ...(await store.restore('a')) }, { n: 1 })
    assert.equal(await store.prune(), 0)
  })
})
