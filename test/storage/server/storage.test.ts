import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { SessionStorageOptions } from '../../../lib/storage/server/options'
import { takeover } from '../../../lib/storage/server/save-file'
import { SessionStorage } from '../../../lib/storage/server/server'
import { LmdbStore } from '../../../lib/store/lmdb'
import { RawClient } from '../../support/raw-resp'
import { folderFor } from '../../support/storage-process'

function open(t: TestContext, options: Partial<SessionStorageOptions> = {}): SessionStorage {
  const storage = SessionStorage.create({ saveFile: join(folderFor(t), 'sessions'), port: 0, ...options })
  t.after(() => storage.close())
  return storage
}

function client(t: TestContext, storage: SessionStorage): RawClient {
  const raw = new RawClient({ port: storage.address()?.port ?? 0, host: '127.0.0.1' })
  t.after(() => raw.close())
  return raw
}

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${Buffer.from(text).toString('latin1')}\r\n`

describe('SessionStorage, called directly', () => {
  it('gives back at once what was saved, and an empty object for what was not', (t) => {
    const storage = open(t)
    const data = { user: 'zoë' }
    assert.equal(storage.save('sid', data), storage)
    data.user = 'changed later'
    assert.deepEqual(storage.restore('sid'), { user: 'zoë' })
    assert.deepEqual(storage.restore('other'), {})
  })

  it('keeps it for the next one that opens the file', async (t) => {
    const saveFile = join(folderFor(t), 'sessions')
    const first = open(t, { saveFile })
    first.save('a', { n: 1 }).save('a', { n: 2 }).save('b', { n: 3 })
    await first.saveToDisk()
    await first.close()
    const second = open(t, { saveFile })
    assert.deepEqual({ ...second.restoreFromDisk() }, { a: { n: 2 }, b: { n: 3 } })
    assert.deepEqual(second.restore('a'), { n: 2 })
  })

  it('close waits for what was saved', async (t) => {
    const saveFile = join(folderFor(t), 'sessions')
    const first = open(t, { saveFile })
    for (let i = 0; i < 100; i++) first.save(`s${i}`, { i })
    await first.close()
    await first.close()
    assert.throws(() => first.restore('s1'), { code: 'ERR_SESSION_CLOSED' })
    assert.equal(Object.keys(open(t, { saveFile }).restoreFromDisk()).length, 100)
  })

  it('lets sessions go after `duration`', async (t) => {
    const storage = open(t, { duration: 20 })
    storage.save('a', { n: 1 })
    await storage.saveToDisk()
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.deepEqual(storage.restore('a'), {})
  })

  it('clearInterval may be called at any time, more than once', async (t) => {
    const storage = open(t, { saveFrequency: 1 })
    storage.clearInterval()
    storage.save('a', { n: 1 })
    storage.clearInterval()
    await storage.saveToDisk()
  })

  for (const [name, options] of [
    ['saveFile', {}],
    ['saveFile', { saveFile: '' }],
    ['saveFile', null],
    ['port', { saveFile: 'x', port: 65_536 }],
    ['port', { saveFile: 'x', port: '3001x' }],
    ['host', { saveFile: 'x', host: '' }],
    ['saveFrequency', { saveFile: 'x', saveFrequency: -1 }],
    ['saveFrequency', { saveFile: 'x', saveFrequency: '15s' }],
    ['requirepass', { saveFile: 'x', requirepass: '' }],
    ['duration', { saveFile: 'x', duration: 0 }],
    ['maxConnections', { saveFile: 'x', maxConnections: 0.5 }],
    ['maxRequestBytes', { saveFile: 'x', maxRequestBytes: 0 }],
    ['tls', { saveFile: 'x', tls: true }],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}, naming ${name}`, () => {
      assert.throws(() => new SessionStorage(options as SessionStorageOptions), {
        name: 'TypeError',
        code: 'ERR_SESSION_OPTION',
        message: new RegExp(`^option ${name}: expected `),
      })
    })
  }
})

describe('SessionStorage, listening', () => {
  it('shares one file between its clients, its own methods and a store in another process', async (t) => {
    const saveFile = join(folderFor(t), 'sessions')
    const storage = open(t, { saveFile })
    assert.equal(await storage.listen(0), storage)
    const raw = client(t, storage)
    const store = new LmdbStore({ path: saveFile })
    t.after(() => store.close())

    storage.save('direct', { n: 1 })
    await storage.saveToDisk()
    assert.equal(await raw.send('GET', 'direct'), bulk('{"n":1}'))
    const session = JSON.stringify({ cookie: { originalMaxAge: null }, user: 'zoë' })
    assert.equal(await raw.send('SET', 'over-the-wire', session, 'EX', '100'), '+OK\r\n')
    assert.deepEqual(storage.restore('over-the-wire'), JSON.parse(session))
    assert.equal((await store.get('over-the-wire'))?.['user' as never], 'zoë')
    await store.set('by-the-store', JSON.parse(session))
    assert.equal(await raw.send('GET', 'by-the-store'), bulk(session))
    assert.equal(await raw.send('SET', 'by-the-store', 'x', 'IFEQ', session), '+OK\r\n')
  })

  it('restarts under its clients: what was answered is there', async (t) => {
    const saveFile = join(folderFor(t), 'sessions')
    const first = open(t, { saveFile })
    await first.listen()
    const port = first.address()?.port ?? 0
    const before = client(t, first)
    await before.send('SET', 'k', 'v')
    await first.close()
    assert.equal(await before.rest(), '')
    const second = open(t, { saveFile })
    await second.listen(String(port))
    assert.equal(await client(t, second).send('GET', 'k'), bulk('v'))
  })

  it('can be tried again after it could not listen', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const storage = open(t)
    await assert.rejects(storage.listen(port), { code: 'EADDRINUSE' })
    await new Promise((resolve) => taken.close(resolve))
    await storage.listen(port)
    assert.equal(storage.address()?.port, port)
    await assert.rejects(storage.listen(0), { code: 'ERR_SESSION_USAGE' })
  })

  it('does not listen beyond loopback without a password, and then listens where it may', async (t) => {
    const storage = open(t)
    await assert.rejects(storage.listen(0, '0.0.0.0'), { name: 'TypeError', code: 'ERR_SESSION_OPTION' })
    await storage.listen(0)
    assert.equal(storage.address()?.address, '127.0.0.1')
  })

  it('with saveFrequency 0, a write is answered when the disk has it', async (t) => {
    const storage = open(t, { saveFrequency: 0 })
    await storage.listen()
    const raw = client(t, storage)
    for (let i = 0; i < 5; i++) assert.equal(await raw.send('SET', 'k', `${i}`), '+OK\r\n')
    assert.equal(await raw.send('GET', 'k'), bulk('4'))
  })

  it('serves sockets that others accept', async (t) => {
    const storage = open(t)
    const door = createServer((socket) => storage.handleSocket(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => door.once('listening', resolve))
    const raw = new RawClient({ port: (door.address() as { port: number }).port, host: '127.0.0.1' })
    assert.equal(await raw.send('PING'), '+PONG\r\n')
    await storage.close()
    await raw.rest()
    raw.close()
    await new Promise((resolve) => door.close(resolve))
  })
})

describe('a save file of the old kind, {"sid":data}', () => {
  const sessions = { one: { user: 1 }, two: { user: 'zoë' }, ['__proto__x']: {} }

  it('is taken over, once, and kept beside', async (t) => {
    const saveFile = join(folderFor(t), 'sessions.json')
    writeFileSync(saveFile, `\n${JSON.stringify(sessions)}`)
    const storage = open(t, { saveFile })
    assert.deepEqual({ ...storage.restoreFromDisk() }, sessions)
    await storage.listen()
    assert.deepEqual(storage.restore('two'), { user: 'zoë' })
    const raw = client(t, storage)
    assert.match(await raw.send('TTL', 'one'), /^:(21600|21599)\r\n/)
    await raw.send('DEL', 'one')
    await storage.close()
    assert.deepEqual(JSON.parse(readFileSync(`${saveFile}.json.taken-over`, 'utf8')), sessions)

    const again = open(t, { saveFile })
    assert.deepEqual(Object.keys(again.restoreFromDisk()).sort(), ['__proto__x', 'two'])
  })

  it('is found again when the take-over was killed in the middle, and newer data win', async (t) => {
    const saveFile = join(folderFor(t), 'sessions')
    writeFileSync(saveFile, JSON.stringify(sessions))
    assert.equal(takeover(saveFile)?.size, 3)
    assert.ok(!existsSync(saveFile))
    const store = new LmdbStore({ path: saveFile })
    await store.set('two', { cookie: {}, newer: true } as never)
    await store.close()
    const storage = open(t, { saveFile })
    await storage.listen()
    assert.deepEqual(storage.restore('one'), { user: 1 })
    assert.equal(storage.restore('two')['newer'], true)
  })

  it('that is torn is refused and left as it is, and nothing of it is in the message', async (t) => {
    const saveFile = join(folderFor(t), 'sessions')
    const torn = '{"secret-session-id":{"user":'
    writeFileSync(saveFile, torn)
    const storage = open(t, { saveFile })
    await assert.rejects(storage.listen(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_SESSION_STORE')
      assert.ok(!JSON.stringify([error.message, error.stack, String(error.cause)]).includes('secret-session'))
      return true
    })
    assert.equal(readFileSync(saveFile, 'utf8'), torn)
    writeFileSync(saveFile, JSON.stringify(sessions))
    await storage.listen()
  })

  it('of another kind altogether is refused', async (t) => {
    const saveFile = join(folderFor(t), 'notes.txt')
    writeFileSync(saveFile, 'my notes, not yours')
    await assert.rejects(open(t, { saveFile }).listen(), { code: 'ERR_SESSION_STORE' })
    assert.equal(readFileSync(saveFile, 'utf8'), 'my notes, not yours')
  })
})
