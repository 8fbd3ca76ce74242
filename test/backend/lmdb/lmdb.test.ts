import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import Module from 'node:module'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Entry, StoreKey } from '../../../lib/backend/contract'
import { LmdbBackend, LmdbStore } from '../../../lib/store/lmdb'
import { checkIndexes, freshPath, openBackend } from '../../support/lmdb/file'

const HOUR_MS = 3_600_000
const later = (ms = HOUR_MS) => Date.now() + ms
const coded = (code: string) => (error: unknown) => (error as { code?: string }).code === code

async function listed(pairs: AsyncIterable<[StoreKey, Entry]>): Promise<string[]> {
  const keys: string[] = []
  for await (const [key] of pairs) keys.push(key)
  return keys
}

describe('the file', () => {
  test('it is made with its directory, and no other user can read it', async (t) => {
    const path = `${dirname(freshPath(t))}/deep/er/sessions`
    openBackend(t, { path })
    for (const file of [path, `${path}-lock`]) assert.equal((statSync(file).mode & 0o777).toString(8), '600')
    assert.equal((statSync(dirname(path)).mode & 0o777).toString(8), '700')
  })

  test('what was written is there after close and open, with deadline and owner', async (t) => {
    const path = freshPath(t)
    const first = new LmdbBackend({ path })
    const entry = { body: 'kept', expires: later(), owner: 'ann' }
    await first.create('a', entry)
    await first.close()
    const second = openBackend(t, { path })
    assert.deepEqual(second.read('a'), entry)
    assert.deepEqual(second.ownedBy('ann'), [['a', entry]])
  })

  test('two stores of one process on one file: the other goes on when one closes', async (t) => {
    const path = freshPath(t)
    const one = openBackend(t, { path })
    const other = openBackend(t, { path })
    await one.create('a', { body: '1', expires: later() })
    assert.equal(other.read('a')?.body, '1')
    await one.close()
    assert.equal(await other.replace('a', '1', { body: '2', expires: later() }), true)
    assert.equal(other.read('a')?.body, '2')
  })

  test('opening and closing leaks no file descriptor', async (t) => {
    const path = freshPath(t)
    const open = () => readdirSync('/proc/self/fd').length
    const cycle = async () => {
      const backend = new LmdbBackend({ path })
      await backend.create('a', { body: '1', expires: later() })
      backend.read('a')
      await backend.close()
    }
    await cycle()
    const before = open()
    for (let i = 0; i < 20; i++) await cycle()
    assert.ok(open() <= before, `${open()} descriptors, ${before} before`)
  })

  test('a directory as path is refused, as is a missing path', (t) => {
    const path = dirname(freshPath(t))
    assert.throws(() => new LmdbBackend({ path }), { code: 'ERR_SESSION_OPTION', name: 'TypeError' })
    mkdirSync(`${path}/locked-lock`)
    assert.throws(() => new LmdbBackend({ path: `${path}/locked` }), { code: 'ERR_SESSION_OPTION' })
    assert.throws(() => new LmdbStore({} as { path: string }), {
      message: /^option path: expected .*; got none/,
    })
    for (const wrong of [
      { durability: 'never' },
      { mapSize: -1 },
      { maxReaders: 0.5 },
      { fileMode: 0o7777 },
      { pruneInterval: '1h' },
    ]) {
      assert.throws(
        () => new LmdbBackend({ path: `${path}/x`, ...wrong } as never),
        coded('ERR_SESSION_OPTION'),
      )
    }
  })

  for (const [what, content] of [
    ['text', 'not a database '.repeat(1000)],
    ['zeros', Buffer.alloc(8192)],
    ['a few bytes', 'x'],
  ] as const) {
    test(`${what} in its place is a coded error with the cause`, (t) => {
      const path = freshPath(t)
      writeFileSync(path, content)
      assert.throws(
        () => new LmdbBackend({ path }),
        (error: Error & { code?: string }) =>
          error.code === 'ERR_SESSION_STORE' && error.cause instanceof Error,
      )
    })
  }

  test('without the package lmdb, the error says how to install it', (t) => {
    const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown }
    const original = loader._load
    t.after(() => {
      loader._load = original
    })
    loader._load = (request, ...rest) => {
      if (request === 'lmdb') throw Object.assign(new Error('Cannot find it'), { code: 'MODULE_NOT_FOUND' })
      return original(request, ...rest)
    }
    assert.throws(() => new LmdbStore(freshPath(t)), {
      code: 'ERR_SESSION_PEER',
      message: /npm install lmdb/,
    })
  })
})

describe('keys and bodies', () => {
  const odd = [
    '',
    'k'.repeat(256),
    'k'.repeat(100_000),
    'é'.repeat(128),
    '\ud800',
    'a\udc00',
    '\0',
    '\xff',
    '😀',
    '__proto__',
  ]

  test('any string is a key: empty, of any length, of any code units', async (t) => {
    const backend = openBackend(t, { path: freshPath(t) })
    for (const key of odd) {
      assert.equal(await backend.create(key, { body: `body of ${key}`, expires: later(), owner: key }), true)
      assert.equal(await backend.create(key, { body: 'other', expires: later() }), false)
    }
    for (const key of odd) {
      assert.equal(backend.read(key)?.body, `body of ${key}`)
      assert.deepEqual(
        backend.ownedBy(key).map(([owned]) => owned),
        [key],
      )
    }
    assert.deepEqual((await listed(backend.scan())).sort(), [...odd].sort())
    for (const key of odd) {
      const expected = odd.filter((other) => other.startsWith(key)).sort()
      assert.deepEqual((await listed(backend.scan(key))).sort(), expected)
    }
    for (const key of odd) assert.equal(await backend.remove(key), true)
    assert.deepEqual(await listed(backend.scan()), [])
  })

  test('any string is a body: empty, 5 MB, lone surrogates, and it survives a moved deadline', async (t) => {
    const backend = openBackend(t, { path: freshPath(t) })
    const bodies = [
      '',
      'x'.repeat(5 << 20),
      'é'.repeat(70_000),
      '\ud800 \udc00',
      '\0\uffff',
      '\xff',
      '{"a":"😀"}',
    ]
    for (const [n, body] of bodies.entries()) {
      const expires = later()
      assert.equal(await backend.create(`k${n}`, { body, expires, owner: body.slice(0, 300) }), true)
      assert.equal(await backend.extend(`k${n}`, expires + 5), true)
      assert.deepEqual(backend.read(`k${n}`), { body, expires: expires + 5, owner: body.slice(0, 300) })
      assert.equal(await backend.replace(`k${n}`, body, { body: 'now', expires }), true)
    }
  })
})

describe('deadlines', () => {
  test('they are kept as they are: never, fractions, beyond 2^31 and 2^48, in the past', async (t) => {
    const backend = openBackend(t, { path: freshPath(t), clock: () => 1000 })
    for (const expires of [Infinity, 1000.25, 2 ** 31 + 0.5, 2 ** 48 + 1, 1e300]) {
      await backend.create(String(expires), { body: '', expires })
      assert.equal(backend.read(String(expires))?.expires, expires)
    }
    for (const expires of [1000, 999.75, 0, -1, -Infinity]) {
      assert.equal(await backend.create(String(expires), { body: '', expires }), true)
      assert.equal(backend.read(String(expires)), undefined)
    }
    assert.equal(await backend.prune(1000), 5)
    assert.equal(await backend.prune(1001), 1)
    assert.equal(await backend.prune(Number.NaN), 0)
    assert.equal((await listed(backend.scan())).length, 4)
  })

  test('pruning follows every move of a deadline, forwards and backwards, also to and from never', async (t) => {
    const path = freshPath(t)
    const backend = openBackend(t, { path, clock: () => 0 })
    const moves = [100, 900, 50, Infinity, 300, Infinity, 20, 400]
    await backend.create('a', { body: '', expires: 500, owner: 'ann' })
    for (const expires of moves) {
      assert.equal(await backend.extend('a', expires), true)
      assert.equal(await backend.prune(Math.min(expires, 1e9) - 1), 0)
      assert.deepEqual((await checkIndexes(path)).faults, [])
    }
    assert.equal(await backend.prune(400), 1)
    assert.deepEqual(await checkIndexes(path), { faults: [], records: 0 })
  })

  test('an expired record holds neither its key nor its owner', async (t) => {
    const path = freshPath(t)
    let now = 0
    const backend = openBackend(t, { path, clock: () => now })
    await backend.create('a', { body: 'old', expires: 10, owner: 'ann' })
    now = 10
    assert.deepEqual(backend.ownedBy('ann'), [])
    assert.equal(await backend.replace('a', 'old', { body: 'no', expires: 20 }), undefined)
    assert.equal(await backend.extend('a', 20), false)
    assert.equal(await backend.remove('a'), false)
    assert.equal(await backend.create('a', { body: 'new', expires: 20, owner: 'bob' }), true)
    assert.equal(backend.ownedBy('bob').length, 1)
    assert.equal(await backend.prune(15), 0)
    assert.deepEqual(await checkIndexes(path), { faults: [], records: 1 })
  })

  test('20,000 due records leave in short turns, and no live one with them', async (t) => {
    const path = freshPath(t)
    const backend = openBackend(t, { path, clock: () => 0 })
    const made = Array.from({ length: 20_000 }, (_, n) => {
      return backend.create(`key ${n}`, { body: 'x', expires: n % 4 === 0 ? 1000 : 100, owner: `u${n % 7}` })
    })
    await Promise.all(made)
    // Found by way of their old places in the index, and alive.
    const touched = Array.from({ length: 100 }, (_, n) => backend.extend(`key ${n * 4 + 1}`, 2000))
    await Promise.all(touched)
    assert.equal(await backend.prune(100), 14_900)
    assert.deepEqual(await checkIndexes(path), { faults: [], records: 5_100 })
  })
})

describe('one pruner at a time', () => {
  test('of two that start together, one does it all and the other nothing', async (t) => {
    const path = freshPath(t)
    const [one, other] = [openBackend(t, { path }), openBackend(t, { path })]
    await Promise.all(
      Array.from({ length: 3000 }, (_, n) => one.create(`${n}`, { body: '', expires: later() })),
    )
    const dropped = await Promise.all([one.prune(later(2 * HOUR_MS)), other.prune(later(2 * HOUR_MS))])
    assert.deepEqual(dropped.sort(), [0, 3000])
    // The lease was given back.
    await one.create('a', { body: '', expires: later() })
    assert.equal(await other.prune(later(2 * HOUR_MS)), 1)
  })

  test('it happens by itself, and an error of it is told and does not stop it', async (t) => {
    const path = freshPath(t)
    let now = 0
    const broken = new Error('no time')
    const told: Error[] = []
    const backend = openBackend(t, {
      path,
      pruneInterval: 5,
      clock: () => {
        if (now === -1) throw broken
        return now
      },
      onPruneError: (error) => told.push(error),
    })
    await backend.create('a', { body: '', expires: 10 })
    now = -1
    for (let i = 0; i < 200 && told.length === 0; i++) await sleep(5)
    assert.equal(told[0], broken)
    now = 20
    for (let i = 0; i < 200 && (await checkIndexes(path)).records > 0; i++) await sleep(5)
    assert.equal((await checkIndexes(path)).records, 0)
  })
})

describe('compare-and-swap', () => {
  test('a body that went away and came back counts as seen; a record that did so does not hide a write', async (t) => {
    const backend = openBackend(t, { path: freshPath(t) })
    const entry = (body: string) => ({ body, expires: later() })
    await backend.create('a', entry('1'))
    // All decided from the same state, in one turn: exactly one may win.
    const answers = await Promise.all([
      backend.replace('a', '1', entry('2')),
      backend.replace('a', '1', entry('3')),
      backend.remove('a'),
      backend.create('a', entry('4')),
      backend.extend('a', later(9)),
    ])
    assert.equal(answers[0], true)
    assert.equal((answers[1] as Entry | undefined)?.body ?? 'gone', answers[1] === undefined ? 'gone' : '2')
    assert.equal(answers[2], true)
    assert.equal(backend.read('a'), undefined)
  })

  test('fifty writers of one key in one process all survive by merging', async (t) => {
    const backend = openBackend(t, { path: freshPath(t) })
    await backend.create('a', { body: '[]', expires: later() })
    const add = async (n: number) => {
      let seen = backend.read('a')
      while (seen) {
        const body = JSON.stringify([...JSON.parse(seen.body), n])
        const answer = await backend.replace('a', seen.body, { body, expires: seen.expires })
        if (answer === true) return
        seen = answer
      }
    }
    await Promise.all(Array.from({ length: 50 }, (_, n) => add(n)))
    assert.equal(JSON.parse(backend.read('a')?.body ?? '[]').length, 50)
  })

  test('a touch that comes in between does not fail a replace', async (t) => {
    const backend = openBackend(t, { path: freshPath(t) })
    await backend.create('a', { body: '1', expires: later() })
    const expires = later(9000)
    const [touched, replaced] = await Promise.all([
      backend.extend('a', later(5000)),
      backend.replace('a', '1', { body: '2', expires }),
    ])
    assert.deepEqual([touched, replaced, backend.read('a')], [true, true, { body: '2', expires }])
  })
})

describe('owners', () => {
  test('the index follows each write: from one owner to another, to none, removed', async (t) => {
    const path = freshPath(t)
    const backend = openBackend(t, { path })
    const keys = (owner: string) => backend.ownedBy(owner).map(([key]) => key)
    for (const n of [3, 1, 2])
      await backend.create(`k${n}`, { body: '', expires: later(n * 1000), owner: 'ann' })
    await backend.create('other', { body: '', expires: later(), owner: 'an' })
    assert.deepEqual(keys('ann'), ['k1', 'k2', 'k3'])
    await backend.extend('k1', later(5000))
    assert.deepEqual(keys('ann'), ['k2', 'k3', 'k1'])
    await backend.replace('k2', '', { body: '2', expires: later(), owner: 'bob' })
    await backend.replace('k3', '', { body: '3', expires: later() })
    assert.deepEqual([keys('ann'), keys('bob'), keys('an')], [['k1'], ['k2'], ['other']])
    await backend.remove('k1')
    assert.deepEqual(keys('ann'), [])
    assert.deepEqual((await checkIndexes(path)).faults, [])
  })
})

describe('scanning', () => {
  test('10,000 records while others come and go: what stands throughout comes exactly once', async (t) => {
    const backend = openBackend(t, { path: freshPath(t) })
    const entry = { body: 'x'.repeat(100), expires: later() }
    const standing = Array.from({ length: 10_000 }, (_, n) => `stay ${n}`)
    await Promise.all(standing.map((key) => backend.create(key, entry)))
    const met = new Map<string, number>()
    let n = 0
    for await (const [key] of backend.scan('stay ')) {
      met.set(key, (met.get(key) ?? 0) + 1)
      if (n++ % 500 === 0) {
        await backend.create(`stay ${n} for a while`, entry)
        await backend.replace(key, entry.body, { ...entry, body: 'y'.repeat(5000) })
        await backend.remove(`stay ${n - 500} for a while`)
      }
    }
    assert.deepEqual([...new Set(standing.map((key) => met.get(key)))], [1])
  })

  test('a prefix is taken literally, also one that is half a character', async (t) => {
    const backend = openBackend(t, { path: freshPath(t) })
    for (const key of ['a*b', 'aXb', 'a😀', 'a😁', 'b'])
      await backend.create(key, { body: '', expires: Infinity })
    assert.deepEqual(await listed(backend.scan('a*')), ['a*b'])
    assert.deepEqual(await listed(backend.scan('a\ud83d')), ['a😀', 'a😁'])
    assert.deepEqual(await listed(backend.scan('zz')), [])
  })
})

describe('closing', () => {
  test('twice is once; what was under way is written; every call after it has the code', async (t) => {
    const path = freshPath(t)
    const backend = openBackend(t, { path })
    const under = backend.create('a', { body: '1', expires: later() })
    await Promise.all([backend.close(), backend.close()])
    assert.equal(await under, true)
    await backend.close()
    const closed = { code: 'ERR_SESSION_CLOSED' }
    assert.throws(() => backend.read('a'), closed)
    assert.throws(() => backend.ownedBy('a'), closed)
    await assert.rejects(async () => backend.create('a', { body: '', expires: 1 }), closed)
    await assert.rejects(async () => backend.replace('a', '', { body: '', expires: 1 }), closed)
    await assert.rejects(async () => backend.remove('a'), closed)
    await assert.rejects(async () => backend.extend('a', 1), closed)
    await assert.rejects(async () => backend.prune(1), closed)
    await assert.rejects(listed(backend.scan()), closed)
    const again = openBackend(t, { path })
    assert.equal(again.read('a')?.body, '1')
  })

  test('in the middle of a scan or a removal it ends them with the code', async (t) => {
    const path = freshPath(t)
    const backend = openBackend(t, { path })
    await Promise.all(
      Array.from({ length: 2000 }, (_, n) => backend.create(`${n}`, { body: '', expires: later() })),
    )
    const scan = backend.scan()[Symbol.asyncIterator]()
    await scan.next()
    const pruned = Promise.resolve(backend.prune(later(2 * HOUR_MS))).catch((error) => error.code)
    await backend.close()
    assert.ok([0, 256, 512, 'ERR_SESSION_CLOSED'].includes(await pruned))
    await assert.rejects(
      async () => {
        while (!(await scan.next()).done);
      },
      { code: 'ERR_SESSION_CLOSED' },
    )
    assert.deepEqual((await checkIndexes(path)).faults, [])
  })

  test('closes under fake timers of an application', async (t) => {
    const backend = openBackend(t, { path: freshPath(t) })
    t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
    await backend.close()
  })

  test('with durability "disk" everything works the same', async (t) => {
    const backend = openBackend(t, { path: freshPath(t), durability: 'disk' })
    assert.equal(await backend.create('a', { body: '1', expires: later() }), true)
    assert.equal(await backend.replace('a', '1', { body: '2', expires: later() }), true)
    assert.equal(backend.read('a')?.body, '2')
  })
})

describe('LmdbStore', () => {
  test('is an express-session store on one file', async (t) => {
    const path = freshPath(t)
    const store = new LmdbStore(path)
    const cookie = { originalMaxAge: null, expires: null }
    await store.set('id', { cookie, user: 'ann' } as never)
    assert.equal(((await store.get('id')) as unknown as { user: string }).user, 'ann')
    const [[, entry] = []] = [
      ((await store.backend.scan()[Symbol.asyncIterator]().next()).value ?? []) as [string, Entry],
    ]
    assert.ok(Math.abs((entry?.expires ?? 0) - later(24 * HOUR_MS)) < 60_000)
    assert.equal(await store.length(), 1)
    await store.close()
    await assert.rejects(store.get('id'), { code: 'ERR_SESSION_CLOSED' })
  })
})
