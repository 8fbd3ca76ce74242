import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Backend } from '../../../lib/backend/contract'
import { LmdbBackend } from '../../../lib/backend/lmdb/backend'
import { LaterBackend, MapBackend } from '../../support/map-backend'
import { RawClient, request } from '../../support/raw-resp'
import { type Served, serve } from '../../support/resp-server'
import { type RedisServer, startRedis, withoutRedis } from '../../support/servers'

/** A small generator of numbers that repeats itself for a seed (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const KEYS = ['a', 'b', 'sess:1', 'sess:2', 'ключ', 'k[1]*?', '', 'x'.repeat(300), Buffer.from([0xff, 0, 1])]
const VALUES = [
  '',
  '1',
  '{"cookie":{}}',
  'zwölf',
  Buffer.from([0, 255, 254, 128]),
  'v'.repeat(2000),
  '\ufffff',
]
const PATTERNS = [
  '*',
  'a',
  '?',
  '??',
  'sess:*',
  'sess:[0-1]',
  's*s:*2',
  '[^a-z]*',
  'к*',
  'k\\[1\\]\\*\\?',
  'k[[]1]*',
  '*[x',
  '',
]
const HOUR = 3600
const FAR = 4_000_000_000

type Word = string | Buffer

/** Commands whose replies do not depend on the millisecond at which they are asked. */
function commands(seed: number, count: number): Word[][] {
  const below = random(seed)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T
  const key = (): Word => pick(KEYS)
  const value = (): Word => pick(VALUES)
  const anyCase = (word: string): string => (below(3) === 0 ? word.toLowerCase() : word)
  const time = (): Word[] =>
    pick<() => Word[]>([
      () => ['EX', String(HOUR + below(1000))],
      () => ['PX', `${HOUR}000`],
      () => ['EXAT', String(FAR + below(1000))],
      () => ['PXAT', `${FAR}${below(10)}00`],
      () => ['EXAT', '1'],
      () => [
        'EX',
        pick(['0', '-1', 'x', '', '1.5', '+1', '01', '9223372036854775807', '99999999999999999999']),
      ],
      () => ['PX', pick(['9223372036854775807', '0', ' 1'])],
      () => ['EX'],
    ])()
  const setWord = (): Word[] =>
    pick<() => Word[]>([
      () => ['NX'],
      () => ['XX'],
      () => ['GET'],
      () => ['KEEPTTL'],
      time,
      time,
      () => ['NOPE'],
    ])()
  const some = (make: () => Word[], most: number): Word[] => {
    const words: Word[] = []
    for (let i = below(most + 1); i > 0; i--) words.push(...make())
    return words
  }
  const keys = (): Word[] => [key(), ...some(() => [key()], 3)]
  const expireArgs = (): Word[] =>
    some(() => [anyCase(pick(['NX', 'XX', 'GT', 'LT', 'NX', 'GT', 'WHAT']))], 2)
  const make: Array<() => Word[]> = [
    () => ['SET', key(), value()],
    () => ['SET', key(), value()],
    () => ['SET', key(), value(), ...some(setWord, 3)],
    () => ['SET', key(), value(), ...some(setWord, 2)],
    () => ['GET', key()],
    () => ['GETEX', key(), ...pick([time, () => ['PERSIST'], () => [], () => ['XX']])()],
    () => ['GETDEL', key()],
    () => ['MGET', ...keys()],
    () => [pick(['DEL', 'UNLINK']), ...keys()],
    () => ['EXISTS', ...keys()],
    () => ['EXPIRE', key(), pick([String(HOUR), '-1', '0', 'x', '9223372036854775807']), ...expireArgs()],
    () => ['PEXPIRE', key(), pick([`${HOUR}000`, '-5', '9223372036854775807']), ...expireArgs()],
    () => ['EXPIREAT', key(), pick([String(FAR), '1', '-9999999999']), ...expireArgs()],
    () => ['PEXPIREAT', key(), pick([`${FAR}500`, '1', '-1']), ...expireArgs()],
    () => ['PERSIST', key()],
    () => [pick(['EXPIRETIME', 'TTL', 'TYPE']), key()],
    () => ['TYPE', key()],
    () => ['DBSIZE'],
    () => ['PING', ...some(() => [value()], 2)],
    () => ['ECHO', ...some(() => [value()], 2)],
    () => ['SELECT', pick(['0', 'x', '', '-1', '99'])],
    () => ['CLIENT', pick(['GETNAME', 'SETNAME', 'NONSENSE', 'ID']), ...some(() => ['n'], 1)].slice(0, 3),
    () => ['CLIENT', 'SETNAME', pick(['ok', 'not ok', 'bad\n', ''])],
    () => ['HELLO', pick(['1', '4', 'x', '02']), ...some(() => ['SETNAME', 'y'], 1)],
    () => ['AUTH', ...some(() => ['pw'], 3)],
    () => ['SCAN', pick(['x', '0x'])],
    () => ['SCAN', '0', 'COUNT', pick(['0', 'x', '-2'])],
    () => ['SCAN', '0', pick(['MATCH', 'NONSENSE', 'COUNT'])],
    () => ['FLUSHDB', pick(['SYNC', 'ASYNC', 'NOW', 'sync'])],
    () => [
      pick(['NOSUCH', 'lpushx2', 'get\r\nset', 'ümläut'.slice(1, 2)]),
      ...some(() => [pick(['a', "b'c", 'x'.repeat(90), 'l\ni'])], 4),
    ],
    () => [
      pick(['GET', 'SET', 'DEL', 'TTL', 'DBSIZE', 'MGET', 'EXPIRE', 'PERSIST', 'SCAN', 'ECHO', 'SELECT']),
    ],
    () => ['DBSIZE', 'x'],
    () => ['QUITE'],
    () => ['SCAN', '0', 'COUNT', '1000', 'MATCH', pick(PATTERNS)],
    () => ['SCAN', '0', 'MATCH', pick(PATTERNS), 'COUNT', '1000', 'TYPE', pick(['string', 'hash'])],
  ]
  const stream: Word[][] = []
  while (stream.length < count) {
    const words = pick(make)()
    const [name] = words
    if (typeof name === 'string') words[0] = anyCase(name)
    stream.push(words)
    // Redis counts a dead key until it is looked at; we never do.
    if (words.includes('1') && words.some((word) => /AT$/i.test(String(word))))
      stream.push(['EXISTS', words[1] ?? ''])
  }
  return stream
}

/** What has to differ: numbers of connections, and a second that may turn between the two. */
function comparable(words: readonly Word[], reply: string): string {
  const name = String(words[0]).toUpperCase()
  if (name === 'CLIENT' && String(words[1]) === 'ID') return reply.replace(/^:\d+/, ':ID')
  if (name === 'TTL') return reply.replace(/^:\d{2,}/, ':SOME')
  // Keys come in the order of a hash table there, of writing here.
  if (name === 'SCAN' && reply.startsWith('*2'))
    return reply
      .split(/(?=\$)/)
      .sort()
      .join('')
  return reply
}

describe('the same replies as a real Redis', { skip: withoutRedis() }, () => {
  let redis: RedisServer
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-differential-'))
  const open: Array<Served | RawClient> = []
  before(async () => {
    redis = await startRedis()
  })
  after(async () => {
    for (const one of open) await ('stop' in one ? one.stop() : one.close())
    await redis.stop()
    rmSync(folder, { recursive: true })
  })

  async function pair(backend: Backend) {
    const served = await serve(backend)
    const real = new RawClient({ port: redis.port, host: redis.host })
    open.push(served, real)
    await real.send('FLUSHDB')
    return { ours: served.client(), real }
  }

  for (const [name, backend] of [
    ['answers at once', () => new MapBackend()],
    ['answers later', () => new LaterBackend()],
    ['is the LMDB file', () => new LmdbBackend({ path: join(folder, 'differential.lmdb') })],
  ] as const) {
    it(`to 4,000 random commands, one after the other, from a backend that ${name}`, async () => {
      const store: Backend = backend()
      const { ours, real } = await pair(store)
      const stream = commands(20_260_101, 4000)
      const bytes = Buffer.concat(stream.map((words) => request(...words)))
      ours.write(bytes)
      real.write(bytes)
      for (const [i, words] of stream.entries()) {
        const [a, b] = [await ours.reply(), await real.reply()]
        assert.equal(comparable(words, a), comparable(words, b), `${i}: ${words.map(String).join(' ')}`)
      }
      await store.close?.()
    })
  }
})
