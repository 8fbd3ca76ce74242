/** Names of options that a store does not have are reported, not ignored. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { storeOf } from '../../lib/store/backend'
import { LmdbStore } from '../../lib/store/lmdb'
import { MemoryStore } from '../../lib/store/memory'
import { PostgresStore } from '../../lib/store/postgres'
import { RedisStore } from '../../lib/store/redis'
import { freshPath } from '../support/lmdb/file'
import { MapBackend } from '../support/map-backend'

const SECRET = 'postgres://ann:pass-word@db/app'
const client = { on() {}, sendCommand() {} }
const pool = { query() {} }

const REFUSED: Array<[what: string, make: () => unknown, message: RegExp]> = [
  [
    'PostgresStore with url',
    () => new PostgresStore({ url: SECRET } as never),
    /^option pool: expected pool or connectionString among .*tableName.*; got url$/,
  ],
  [
    'PostgresStore with conString',
    () => new PostgresStore({ conString: SECRET } as never),
    /connectionString/,
  ],
  [
    'PostgresStore with nothing',
    () => new PostgresStore({} as never),
    /pool or connectionString .*; got none$/,
  ],
  [
    'PostgresStore without options',
    () => new (PostgresStore as any)(),
    /^option pool: expected an object with pool or connectionString, got undefined/,
  ],
  [
    'PostgresStore with a text',
    () => new PostgresStore(SECRET as never),
    /pool or connectionString, got a string$/,
  ],
  [
    'PostgresStore with a pool that is a text',
    () => new PostgresStore({ pool: SECRET as never }),
    /Pool or Client/,
  ],
  [
    'PostgresStore with an option of connect-pg-simple',
    () => new PostgresStore({ pool, pruneSessionInterval: 60 } as never),
    /^option pruneSessionInterval: expected one of .*pruneInterval.*; PostgresStore has no pruneSessionInterval$/,
  ],
  [
    'RedisStore with connectionString',
    () => new RedisStore({ connectionString: SECRET } as never),
    /client or url/,
  ],
  ['RedisStore with a client in place of options', () => new RedisStore(client as never), /client or url/],
  ['RedisStore without options', () => new (RedisStore as any)(), /client or url, got undefined/],
  [
    'RedisStore with an option of connect-redis',
    () => new RedisStore({ client, disableTouch: true } as never),
    /^option disableTouch: expected one of client, url, /,
  ],
  [
    'LmdbStore with file',
    () => new LmdbStore({ file: './sessions' } as never),
    /expected path among .*; got file$/,
  ],
  [
    'storeOf with a slip in a name',
    () => storeOf(new MapBackend(), { hashIDs: true } as never),
    /^option hashIDs: expected one of .*hashIds.*; storeOf has no hashIDs; did you mean hashIds\?$/,
  ],
  [
    'storeOf with a text',
    () => storeOf(new MapBackend(), SECRET as never),
    /expected an object, got a string$/,
  ],
  [
    'storeOf with a store in place of a backend',
    () => storeOf(new MemoryStore() as never),
    /^option backend: expected an object with the method read, got an object \(MemoryStore\)$/,
  ],
  ['storeOf with nothing', () => (storeOf as any)(), /^option backend: .* got undefined/],
  ['LmdbStore without options', () => new (LmdbStore as any)(), /an object with path, got undefined/],
]

describe('an option that a store does not have', () => {
  for (const [what, make, message] of REFUSED) {
    test(what, () => {
      assert.throws(make, (error: any) => {
        assert.ok(error instanceof TypeError)
        assert.equal((error as any).code, 'ERR_SESSION_OPTION')
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /pass-word/)
        return true
      })
    })
  }

  test('LmdbStore with a slip in a name makes no file', (t) => {
    const path = freshPath(t)
    assert.throws(
      () => new LmdbStore({ path, hashids: true } as never),
      /^TypeError: option hashids: .*hashIds/,
    )
    assert.equal(existsSync(path), false)
  })

  test('one that is undefined counts as not given', async (t) => {
    const store = new LmdbStore({ path: freshPath(t), nothing: undefined } as never)
    await store.close()
  })
})
