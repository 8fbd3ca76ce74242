import type { Entry } from '../../../backend/contract'
import type { KeyChange } from '../../../backend/key-change'
import { whenDone } from '../../../base/async'
import { byteLength } from '../bytes'
import { Failure, OK, type Reply } from '../resp/reply'
import { type Call, type Command, CommandError, syntaxError } from './command'
import { deadline, type ExpireUnit } from './expire-arguments'

interface SetOptions {
  condition?: 'NX' | 'XX' | 'IFEQ'
  seen?: string
  get?: true
  keepTtl?: true
  expires?: number
}

const UNITS: ReadonlySet<string> = new Set<ExpireUnit>(['EX', 'PX', 'EXAT', 'PXAT'])

function setOptions({ args, keyspace }: Call): SetOptions {
  const options: SetOptions = {}
  let unit: ExpireUnit | undefined
  let time: string | undefined
  for (let i = 3; i < args.length; i++) {
    const word = (args[i] ?? '').toUpperCase()
    if (word === 'GET') options.get = true
    else if ((word === 'NX' || word === 'XX') && (options.condition ?? word) === word)
      options.condition = word
    else if (word === 'IFEQ' && options.condition === undefined && i + 1 < args.length) {
      options.condition = word
      options.seen = args[++i] ?? ''
    } else if (word === 'KEEPTTL' && unit === undefined) options.keepTtl = true
    else if (UNITS.has(word) && (unit ?? word) === word && !options.keepTtl && i + 1 < args.length) {
      unit = word as ExpireUnit
      time = args[++i]
    } else throw syntaxError()
  }
  if (unit !== undefined) options.expires = deadline(unit, time, keyspace.now(), 'set', true)
  return options
}

function allows(options: SetOptions, current: Entry | undefined): boolean {
  switch (options.condition) {
    case 'NX':
      return current === undefined
    case 'XX':
      return current !== undefined
    case 'IFEQ':
      return current !== undefined && current.body === options.seen
    default:
      return true
  }
}

function set(call: Call): ReturnType<Command['run']> {
  const [, key = '', body = ''] = call.args
  const options = setOptions(call)
  return call.keyspace.change<Reply>(key, (current): KeyChange<Reply> => {
    // Not looked at unless asked for: a backend may have to decode it.
    const old = options.get ? (current?.body ?? null) : null
    if (!allows(options, current)) return { to: 'keep', answer: old }
    const kept = options.keepTtl ? current?.expires : undefined
    const expires = options.expires ?? kept ?? Infinity
    return { to: { body, expires }, answer: options.get ? old : OK }
  })
}

function getex({ args, keyspace }: Call): ReturnType<Command['run']> {
  const key = args[1] ?? ''
  let unit: ExpireUnit | 'PERSIST' | undefined
  let time: string | undefined
  for (let i = 2; i < args.length; i++) {
    const word = (args[i] ?? '').toUpperCase()
    // The same word may come again, as in Redis.
    if ((unit ?? word) !== word) throw syntaxError()
    if (word === 'PERSIST') unit = word
    else if (UNITS.has(word) && i + 1 < args.length) {
      unit = word as ExpireUnit
      time = args[++i]
    } else throw syntaxError()
  }
  if (unit === undefined) return whenDone(keyspace.read(key), (entry) => entry?.body ?? null)
  const expires = unit === 'PERSIST' ? Infinity : deadlineOrFailure(unit, time, keyspace.now())
  return keyspace.change<Reply>(key, (current) => {
    if (current === undefined) return { to: 'keep', answer: null }
    if (expires instanceof Failure) return { to: 'keep', answer: expires }
    return { to: { expires }, answer: current.body }
  })
}

/** As Redis does, an absent key is answered before a wrong time is. */
function deadlineOrFailure(unit: ExpireUnit, time: string | undefined, now: number): number | Failure {
  try {
    return deadline(unit, time, now, 'getex', true)
  } catch (error) {
    if (error instanceof CommandError) return error.toReply()
    throw error
  }
}

function mget({ args, keyspace, server }: Call): ReturnType<Command['run']> {
  const values: Array<string | null> = []
  let bytes = 0
  const read = keyspace.readEach(args.slice(1), (entry) => {
    bytes += entry === undefined ? 0 : byteLength(entry.body)
    values.push(entry?.body ?? null)
    return bytes <= server.maxReplyBytes
  })
  return whenDone(read, () => {
    if (bytes > server.maxReplyBytes) throw new CommandError('ERR reply too large, ask for fewer keys')
    return values
  })
}

export const STRING_COMMANDS: readonly Command[] = [
  {
    name: 'get',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [1, 1, 1],
    summary: 'Returns the value of a key.',
    run: ({ args, keyspace }) => whenDone(keyspace.read(args[1] ?? ''), (entry) => entry?.body ?? null),
  },
  {
    name: 'set',
    arity: -3,
    flags: ['write'],
    keys: [1, 1, 1],
    summary: 'Sets the value of a key; IFEQ only when its value is the one that was seen.',
    run: set,
  },
  {
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    keys: [1, 1, 1],
    summary: 'Returns the value of a key and moves its deadline.',
    run: getex,
  },
  {
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    keys: [1, 1, 1],
    summary: 'Returns the value of a key and removes it.',
    run: ({ args, keyspace }) =>
      keyspace.change<Reply>(args[1] ?? '', (current) => ({ to: 'remove', answer: current?.body ?? null })),
  },
  {
    name: 'mget',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: [1, -1, 1],
    summary: 'Returns the values of several keys, as they are at one moment.',
    run: mget,
  },
]
