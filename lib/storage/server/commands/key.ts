import { type Awaitable, whenDone } from '../../../base/async'
import { nextTurn } from '../../../base/timers'
import { byteString } from '../bytes'
import { globMatcher, MAX_PATTERN_BYTES, type Matching } from '../glob'
import { OK, type Reply, SimpleString } from '../resp/reply'
import { type Call, type Command, CommandError, integer, syntaxError } from './command'

/** A hint to Redis as well; this bounds what one command may hold the others up for. */
const MAX_SCAN_COUNT = 1000

function exists({ args, keyspace }: Call): Awaitable<Reply> {
  let count = 0
  const read = keyspace.readEach(args.slice(1), (entry) => {
    if (entry !== undefined) count++
    return true
  })
  return whenDone(read, () => count)
}

const del = ({ args, keyspace }: Call): Awaitable<Reply> => keyspace.remove([...new Set(args.slice(1))])

function patternOf(value: string): string {
  const pattern = byteString(value)
  if (pattern.length > MAX_PATTERN_BYTES) throw new CommandError('ERR pattern too long')
  return pattern
}

/** @returns those of `keys` that match */
async function filter(keys: readonly string[], matches: (text: string) => Matching): Promise<string[]> {
  const found: string[] = []
  for (const key of keys) {
    const matching = matches(byteString(key))
    let step = matching.next()
    while (!step.done) {
      await nextTurn()
      step = matching.next()
    }
    if (step.value) found.push(key)
  }
  return found
}

function scan({ args, keyspace }: Call): Awaitable<Reply> {
  const cursor = args[1] ?? ''
  if (!/^[0-9]{1,20}$/.test(cursor)) throw new CommandError('ERR invalid cursor')
  let count = 10
  let matches: ((text: string) => Matching) | undefined
  let anyType = true
  for (let i = 2; i < args.length; i += 2) {
    const word = (args[i] ?? '').toUpperCase()
    const value = args[i + 1]
    if (value === undefined) throw syntaxError()
    if (word === 'COUNT') {
      count = integer(value)
      if (count < 1) throw syntaxError()
    } else if (word === 'MATCH') {
      matches = value === '*' ? undefined : globMatcher(patternOf(value))
    } else if (word === 'TYPE') {
      anyType = value.toLowerCase() === 'string'
    } else throw syntaxError()
  }
  return whenDone(keyspace.scan(cursor, Math.min(count, MAX_SCAN_COUNT)), async (page): Promise<Reply> => {
    if (page === undefined) throw new CommandError('ERR invalid cursor')
    if (!anyType) return [page.next, []]
    return [page.next, matches === undefined ? page.keys : await filter(page.keys, matches)]
  })
}

function flush({ args, keyspace }: Call): Awaitable<Reply> {
  const mode = args[1]?.toUpperCase()
  if (args.length > 2 || (mode !== undefined && mode !== 'ASYNC' && mode !== 'SYNC')) throw syntaxError()
  return whenDone(keyspace.clear(), () => OK)
}

const oneKey = [1, 1, 1] as const
const allKeys = [1, -1, 1] as const
const noKey = [0, 0, 0] as const

export const KEY_COMMANDS: readonly Command[] = [
  {
    name: 'del',
    arity: -2,
    flags: ['write'],
    keys: allKeys,
    summary: 'Removes keys.',
    run: del,
  },
  {
    name: 'unlink',
    arity: -2,
    flags: ['write', 'fast'],
    keys: allKeys,
    summary: 'Removes keys, as DEL does.',
    run: del,
  },
  {
    name: 'exists',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: allKeys,
    summary: 'Counts which of the keys there are.',
    run: exists,
  },
  {
    name: 'type',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey,
    summary: 'Returns the type of a key: string or none.',
    run: ({ args, keyspace }) =>
      whenDone(
        keyspace.read(args[1] ?? ''),
        (entry) => new SimpleString(entry === undefined ? 'none' : 'string'),
      ),
  },
  {
    name: 'scan',
    arity: -2,
    flags: ['readonly'],
    keys: noKey,
    summary: 'Lists the keys, page by page.',
    exclusive: true,
    run: scan,
  },
  {
    name: 'dbsize',
    arity: 1,
    flags: ['readonly'],
    keys: noKey,
    summary: 'Counts the keys.',
    exclusive: true,
    run: ({ keyspace }) => keyspace.size(),
  },
  {
    name: 'flushdb',
    arity: -1,
    flags: ['write'],
    keys: noKey,
    summary: 'Removes all keys.',
    exclusive: true,
    run: flush,
  },
  {
    name: 'sojourn.prune',
    arity: 1,
    flags: ['write'],
    keys: noKey,
    summary: 'Drops what is past its deadline now and counts it. Not a command of Redis.',
    run: ({ keyspace }) => keyspace.prune(),
  },
]
