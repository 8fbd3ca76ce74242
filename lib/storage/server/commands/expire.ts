import { type Awaitable, whenDone } from '../../../base/async'
import type { Reply } from '../resp/reply'
import { type Call, type Command, CommandError } from './command'
import { deadline, type ExpireUnit, remaining } from './expire-arguments'

const oneKey = [1, 1, 1] as const

const CONDITIONS: ReadonlySet<string> = new Set(['NX', 'XX', 'GT', 'LT'])

function expireConditions(words: readonly string[]): ReadonlySet<string> {
  const conditions = new Set<string>()
  for (const word of words) {
    const condition = word.toUpperCase()
    if (!CONDITIONS.has(condition)) throw new CommandError(`ERR Unsupported option ${word}`)
    conditions.add(condition)
  }
  if (conditions.has('NX') && conditions.size > 1) {
    throw new CommandError('ERR NX and XX, GT or LT options at the same time are not compatible')
  }
  if (conditions.has('GT') && conditions.has('LT')) {
    throw new CommandError('ERR GT and LT options at the same time are not compatible')
  }
  return conditions
}

/** "Never" is later than every deadline: `GT` refuses to shorten it, `LT` always may. */
function maySet(conditions: ReadonlySet<string>, current: number, wanted: number): boolean {
  const never = current === Infinity
  if (conditions.has('NX') && !never) return false
  if (conditions.has('XX') && never) return false
  if (conditions.has('GT') && wanted <= current) return false
  return !(conditions.has('LT') && wanted >= current)
}

function expire(name: string, unit: ExpireUnit): Command {
  return {
    name,
    arity: -3,
    flags: ['write', 'fast'],
    keys: oneKey,
    summary: 'Moves the deadline of a key.',
    run({ args, keyspace }) {
      const conditions = expireConditions(args.slice(3))
      const expires = deadline(unit, args[2], keyspace.now(), name, false)
      return keyspace.change<Reply>(args[1] ?? '', (current) =>
        current === undefined || !maySet(conditions, current.expires, expires)
          ? { to: 'keep', answer: 0 }
          : { to: { expires }, answer: 1 },
      )
    },
  }
}

function timeToLive(name: string, unitMs: 1 | 1000, absolute: boolean): Command {
  return {
    name,
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey,
    summary: absolute ? 'Returns the deadline of a key.' : 'Returns the time a key has left.',
    run: ({ args, keyspace }) =>
      whenDone(keyspace.read(args[1] ?? ''), (entry) =>
        remaining(entry?.expires, keyspace.now(), unitMs, absolute),
      ),
  }
}

function persist({ args, keyspace }: Call): Awaitable<Reply> {
  return keyspace.change<Reply>(args[1] ?? '', (current) =>
    current === undefined || current.expires === Infinity
      ? { to: 'keep', answer: 0 }
      : { to: { expires: Infinity }, answer: 1 },
  )
}

export const EXPIRE_COMMANDS: readonly Command[] = [
  expire('expire', 'EX'),
  expire('pexpire', 'PX'),
  expire('expireat', 'EXAT'),
  expire('pexpireat', 'PXAT'),
  timeToLive('ttl', 1000, false),
  timeToLive('pttl', 1, false),
  timeToLive('expiretime', 1000, true),
  timeToLive('pexpiretime', 1, true),
  {
    name: 'persist',
    arity: 2,
    flags: ['write', 'fast'],
    keys: oneKey,
    summary: 'Takes the deadline away from a key.',
    run: persist,
  },
]
