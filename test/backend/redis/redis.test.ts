/** RedisStore in an application: beside connect-redis, under the real middleware, on a server that fails. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { RedisStore as ConnectRedis } from 'connect-redis'

import session = require('../../../lib')

import { RedisStore } from '../../../lib/store/redis'
import { appOf, type Handler, routes, serve } from '../../support/app'
import { CLIENTS, type OpenClient } from '../../support/redis-clients'
import { type RedisServer, startRedis, withoutRedis } from '../../support/servers'

const HOUR_MS = 3_600_000

describe('RedisStore', { skip: withoutRedis() }, () => {
  let server: RedisServer
  let opened: OpenClient
  let client: any
  before(async () => {
    server = await startRedis({ appendonly: true })
    opened = await CLIENTS['node-redis 6']!(server)
    client = opened.client
  })
  after(async () => {
    await opened.close()
    await server.stop()
  })
  beforeEach(() => server.command('FLUSHALL'))

  const record = (data: object) => ({
    cookie: {
      originalMaxAge: HOUR_MS,
      expires: new Date(Date.now() + HOUR_MS).toISOString(),
      httpOnly: true,
      path: '/',
    },
    ...data,
  })

  test('writes byte for byte what connect-redis writes, under the same key and with the same end', async () => {
    const data = record({ empty: [], none: {}, big: 1234567890123456, text: 'ü \u2028 \u{1f600}', n: 1e21 })
    await new ConnectRedis({ client }).set('a', data as any)
    await new RedisStore({ client }).set('b', data as any)
    assert.equal(await server.command('GET', 'sess:b'), await server.command('GET', 'sess:a'))
    const ends = await Promise.all(['a', 'b'].map((id) => server.command('PTTL', `sess:${id}`)))
    assert.ok(Math.abs(Number(ends[0]) - Number(ends[1])) <= 1000, 'connect-redis counts in seconds')
  })

  test('an application moves over from connect-redis, and back, with its sessions', async () => {
    const theirs = new ConnectRedis({ client })
    const ours = new RedisStore({ client })
    await theirs.set('moved', record({ user: 'ann', list: [] }) as any)
    assert.deepEqual((await ours.get('moved'))?.['list'], [])
    await ours.set('moved', { ...(await ours.get('moved')), seen: 2 } as any)
    const back: any = await theirs.get('moved')
    assert.deepEqual([back.user, back.list, back.seen], ['ann', [], 2])
    await theirs.touch('moved', record({}) as any)
    assert.equal(await ours.length(), 1)
    assert.deepEqual(Object.keys(await ours.all()), ['moved'])
    await theirs.destroy('moved')
    assert.equal(await ours.get('moved'), null)
    await ours.set('left', record({}) as any)
    await ours.destroy('left')
    assert.equal(await theirs.get('left'), null)
  })

  test('a session whose cookie ends with the browser stays a day, as with connect-redis', async () => {
    for (const store of [new ConnectRedis({ client }), new RedisStore({ client })]) {
      await store.set('s', { cookie: { originalMaxAge: null, expires: null } } as any)
      const left = Number(await server.command('PTTL', 'sess:s'))
      assert.ok(left > 86_390_000 && left <= 86_400_000, `${left}`)
    }
  })

  test('a prefix of the client itself stands where connect-redis has it, and listing takes it off', async () => {
    const { createClient } = require('redis')
    const { Redis } = require('ioredis')
    const prefixed = await createClient({ url: server.url, keyPrefix: 'app[1]*:' }).connect()
    const ioredis = new Redis(server.url, { keyPrefix: 'app[1]*:' })
    await new ConnectRedis({ client: prefixed }).set('s', record({ n: 1 }) as any)
    await server.command('SET', 'app1x:sess:other', '{"cookie":{}}')
    for (const each of [prefixed, ioredis]) {
      const store = new RedisStore({ client: each, owners: true })
      assert.equal(((await store.get('s')) as any)?.n, 1)
      assert.deepEqual(Object.keys(await store.all()), ['s'])
      await store.set('s', record({ n: 1 }) as any)
    }
    assert.deepEqual(await server.command('KEYS', '*sess:s'), ['app[1]*:sess:s'])
    prefixed.destroy()
    ioredis.disconnect()
  })

  describe('under the middleware', () => {
    const owner = { after: (work: () => unknown) => after(work as () => Promise<void>) }
    const handlers: Record<string, Handler> = {
      '/put': (req, res) => {
        const [, key = '', value = 'null'] = /\?(\w+)=(.*)/.exec(req.url) ?? []
        req.session[key] = JSON.parse(decodeURIComponent(value))
        res.end('kept')
      },
      '/show': (req, res) => {
        const { cookie: _, ...data } = req.session ?? {}
        res.end(req.session ? JSON.stringify(data) : 'none')
      },
      '/end': (req, res, next) =>
        req.session.destroy((error: unknown) => (error ? next(error) : res.end('over'))),
    }
    const start = async (store: RedisStore, options: object = {}) => {
      const app = await serve(
        owner,
        appOf('connect', [
          session({
            secret: 'a secret of some length',
            resave: false,
            saveUninitialized: false,
            store,
            ...options,
          }),
          routes(handlers),
        ]),
      )
      return app.client()
    }

    test('fifty parallel changes of one session all survive, [] and large numbers with them', async () => {
      const visitor = await start(new RedisStore({ client }))
      await visitor.get('/put?list=[]')
      await visitor.get('/put?big=[{},1234567890123456,9007199254740991]')
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => visitor.get(`/put?key${i}=${i}`)),
      )
      assert.ok(answers.every(({ body }) => body === 'kept'))
      const { list, big, ...rest } = JSON.parse((await visitor.get('/show')).body)
      assert.deepEqual([list, big], [[], [{}, 1234567890123456, 9007199254740991]])
      assert.equal(Object.keys(rest).length, 50)
      const [key] = (await server.command('KEYS', 'sess:*')) as string[]
      assert.match(String(await server.command('GET', key!)), /"list":\[\]/)
    })

    test('a read-only request is one round trip of two commands, a changed one a second', async () => {
      const visitor = await start(new RedisStore({ client }))
      await visitor.get('/put?n=1')
      await visitor.get('/put?n=2')
      const count = async () => {
        const stats = String(await server.command('INFO', 'commandstats'))
        const calls = [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(([, name, n]) => [
          name,
          Number(n),
        ])
        return Object.fromEntries(calls) as Record<string, number>
      }
      await server.command('CONFIG', 'RESETSTAT')
      for (let i = 0; i < 10; i++) await visitor.get('/show')
      const { get, pttl, pexpire = 0, set = 0, evalsha = 0 } = await count()
      assert.deepEqual(
        { get, pttl, pexpire, set, evalsha },
        { get: 10, pttl: 10, pexpire: 0, set: 0, evalsha: 0 },
      )
      await server.command('CONFIG', 'RESETSTAT')
      for (let i = 0; i < 10; i++) await visitor.get(`/put?n=1${i}`)
      assert.equal((await count())['evalsha'], 10)
    })

    test('a server that stands still costs a coded error within the time-out, and is used again by itself', async (t) => {
      const failures: any[] = []
      const visitor = await start(new RedisStore({ client }), { storeTimeout: 200 })
      await visitor.get('/put?n=1')
      server.pause()
      t.after(() => server.resume())
      const answer = await visitor.get('/put?n=2')
      failures.push(answer.body)
      assert.match(answer.body, /ERR_SESSION_STORE_TIMEOUT/)
      server.resume()
      await until(async () => (await visitor.get('/show')).body === '{"n":1}')
      assert.equal((await visitor.get('/put?n=3')).body, 'kept')
      assert.equal((await visitor.get('/show')).body, '{"n":3}')
    })

    test('what was given up during a stand-still never brings a destroyed session back', async (t) => {
      const visitor = await start(new RedisStore({ client }), { storeTimeout: 40 })
      await visitor.get('/put?n=1')
      const [key] = (await server.command('KEYS', 'sess:*')) as [string]
      const store = new RedisStore({ client })
      server.pause()
      t.after(() => server.resume())
      // Both wait in the socket: the end of the session first, a change of it after that.
      const ending = store.destroy(key.slice('sess:'.length))
      assert.match((await visitor.get('/put?n=2')).body, /ERR_SESSION_STORE_TIMEOUT/)
      server.resume()
      await ending
      await sleep(20)
      assert.equal(await server.command('EXISTS', key), 0)
      assert.equal((await visitor.get('/show')).body, '{}')
    })

    test('after a restart every acknowledged change is there, and nothing that was refused', async () => {
      const visitor = await start(new RedisStore({ client }), { storeTimeout: 500 })
      let acknowledged = 0
      const write = async () => {
        const { body } = await visitor.get(`/put?n=${acknowledged + 1}`)
        if (body === 'kept') acknowledged++
      }
      for (let i = 0; i < 20; i++) await write()
      await server.kill()
      // Refused at once, or let through without a session; never queued.
      for (let i = 0; i < 3; i++) await visitor.get('/put?late=1').catch(() => {})
      await server.restart()
      await until(async () => (await visitor.get('/show')).body === `{"n":${acknowledged}}`)
      assert.equal(acknowledged, 20)
      await write()
      assert.equal((await visitor.get('/show')).body, '{"n":21}')
    })
  })

  test('nothing is queued while there is no connection: it fails at once and never lands later', async () => {
    for (const [name, open] of Object.entries(CLIENTS)) {
      const { client, close } = await open(server)
      const store = new RedisStore({ client })
      const told: string[] = []
      store.on('disconnect', () => told.push('disconnect'))
      store.on('connect', () => told.push('connect'))
      await store.set('s', record({ n: 1 }) as any)
      await server.kill()
      await until(async () => told.length > 0)
      const begin = Date.now()
      await assert.rejects(store.set('late', record({}) as any), { code: 'ERR_SESSION_STORE' })
      assert.ok(Date.now() - begin < 40, name)
      await server.start()
      await until(async () => told.length > 1)
      assert.deepEqual(told, ['disconnect', 'connect'], name)
      assert.equal(((await store.get('s')) as any)?.n, 1)
      assert.equal(await store.get('late'), null)
      await close()
    }
  })

  test('twenty stores on one client listen once, and take none of its listeners away', async () => {
    for (const [name, open] of Object.entries(CLIENTS)) {
      const { client, close } = await open(server)
      const emitter = client as any
      const mine = () => {}
      emitter.on('error', mine)
      const before = emitter.listenerCount('error')
      const stores = Array.from({ length: 20 }, () => new RedisStore({ client }))
      assert.equal(emitter.listenerCount('error'), before + 1, name)
      await Promise.all(stores.map((store) => store.close()))
      assert.ok(emitter.listeners('error').includes(mine), name)
      assert.ok(emitter.listenerCount('error') > before - 1)
      await close()
    }
  })

  test('a store with a URL connects when it is used, and lets the process end', async () => {
    const script = `
      const { RedisStore } = require('./lib/store/redis')
      const store = new RedisStore({ url: ${JSON.stringify(server.url)} })
      store.set('s', { cookie: {}, n: 7 })
        .then(() => store.get('s'))
        .then(({ n }) => console.log(n))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '-e', script], {
      timeout: 10_000,
    })
    assert.equal(stdout.trim(), '7')
    const store = new RedisStore({ url: server.url })
    await store.set('s', record({}) as any)
    const clients = async () =>
      String(await server.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length
    const connected = await clients()
    await Promise.all([store.close(), store.close()])
    await until(async () => (await clients()) === connected - 1)
    await assert.rejects(store.get('s'), { code: 'ERR_SESSION_CLOSED' })
  })

  test('with any version of the package redis, a store of its own lets the process end', async () => {
    for (const name of ['redis4', 'redis5', 'redis']) {
      const script = `
        const { OwnRedisClient } = require('./lib/backend/redis/own-client')
        const { linkOf } = require('./lib/backend/redis/client')
        const { RedisBackend } = require('./lib/backend/redis/backend')
        const own = new OwnRedisClient(require('${name}').createClient({ url: ${JSON.stringify(server.url)} }))
        const backend = new RedisBackend(linkOf(own), { close: () => own.close() })
        backend.create('${name}', { body: '7', expires: Infinity })
          .then(() => backend.read('${name}'))
          .then(({ body }) => { console.log(body); if (process.argv[1]) return backend.close() })`
      for (const close of ['', 'close']) {
        const words = ['--import', 'tsx', '-e', script, ...(close ? [close] : [])]
        const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 10_000 })
        assert.equal(stdout.trim(), '7', name)
      }
    }
  })

  test('keys and sessions stand in no error, whichever client reports it', async () => {
    const sid = 'very-secret-session-id'
    for (const [name, open] of Object.entries(CLIENTS)) {
      const { client, close } = await open(server)
      const store = new RedisStore({ client })
      await server.command('FLUSHALL')
      await server.command('RPUSH', `sess:${sid}`, 'no session')
      const errors = await Promise.allSettled([
        store.get(sid),
        store.set(sid, record({ password: 'hunter2' }) as any),
        store.touch(sid, record({}) as any),
      ])
      const shown = require('node:util').inspect(errors, { depth: 10, showHidden: true })
      assert.match(shown, /WRONGTYPE/, name)
      assert.doesNotMatch(shown, /very-secret|hunter2/, name)
      await close()
    }
  })
})

test('a wrong option says what was expected and what came, without a password', () => {
  const wrong = (options: any, message: RegExp) =>
    assert.throws(
      () => new RedisStore(options),
      (error: any) => {
        assert.equal(error.code, 'ERR_SESSION_OPTION')
        assert.ok(error instanceof TypeError)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      },
    )
  wrong(undefined, /option client: expected an object with client or url/)
  wrong({}, /option client/)
  wrong({ client: {} }, /got an object \(Object\)/)
  wrong({ client: null }, /got null/)
  wrong({ client: () => {} }, /got a function/)
  wrong({ client: 'redis://:hunter2@host' }, /option client/)
  wrong({ url: 'http://:hunter2@host' }, /option url: expected redis:\/\//)
  wrong({ url: 6379 }, /got 6379 \(number\)/)
  wrong({ url: 'redis://:hunter2@h', client: {} }, /either client or url/)
  wrong(
    { client: { call() {}, nodes: () => [], on() {}, options: { scaleReads: 'slave' } } },
    /scaleReads: 'master'/,
  )
  wrong({ client: { sendCommand() {}, getSentinelNode() {}, on() {} } }, /option client/)
  const { createClient } = require('redis4')
  wrong({ client: createClient({ legacyMode: true }) }, /option client/)
  wrong({ client: require('redis').createClient().legacy() }, /option client/)
  const client = { call: async () => null, on() {} } as any
  wrong({ client, prefix: 5 }, /option prefix: expected a string/)
  wrong({ client, ttl: '1h' }, /option ttl/)
  wrong({ client, owners: 'yes' }, /option owners: expected true or false/)
})

test('a URL without the package redis says how to install it', (t) => {
  const Module = require('node:module')
  const load = Module._load
  t.mock.method(Module, '_load', (name: string, ...rest: unknown[]) => {
    if (name !== 'redis') return load(name, ...rest)
    throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' })
  })
  assert.throws(() => new RedisStore({ url: 'redis://127.0.0.1:1' }), {
    code: 'ERR_SESSION_PEER',
    message: /npm install redis/,
  })
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await holds().catch(() => false)) return
    await sleep(10)
  }
  assert.fail('not within three seconds')
}
