import { Fields, type Reply, SimpleString, Verbatim } from '../resp/reply'
import type { Call, Command } from './command'

type Table = ReadonlyMap<string, Command>

const noKey = [0, 0, 0] as const

function info({ args, server }: Call): ReturnType<Command['run']> {
  const wanted = new Set(args.slice(1).map((section) => section.toLowerCase()))
  const all = wanted.size === 0 || ['all', 'default', 'everything'].some((word) => wanted.has(word))
  const shown = server.info().filter(([name]) => all || wanted.has(name.toLowerCase()))
  const text = shown.map(([name, lines]) => [`# ${name}`, ...lines, ''].join('\r\n'))
  return new Verbatim(text.join('\r\n'))
}

function describe(command: Command): Reply {
  const flags = command.flags.map((flag) => new SimpleString(flag))
  const subcommands = [...(command.subcommands?.values() ?? [])].map(describe)
  return [command.name, command.arity, flags, ...command.keys, [], [], [], subcommands]
}

function documentation(command: Command): Fields {
  return new Fields([
    ['summary', command.summary],
    ['group', command.keys[0] > 0 ? 'generic' : 'server'],
  ])
}

/** Commands that need to know all the others. `table` is asked at the time of the call. */
export function serverCommands(table: () => Table): readonly Command[] {
  const named = (names: readonly string[]): Array<readonly [string, Command | undefined]> =>
    names.length === 0
      ? [...table()]
      : names.map((name) => [name.toLowerCase(), table().get(name.toLowerCase())] as const)

  const sub = (name: string, arity: number, summary: string, run: Command['run']): [string, Command] => [
    name,
    { name: `command|${name}`, arity, flags: [], keys: noKey, summary, run },
  ]
  const subcommands: Table = new Map([
    sub('count', 2, 'Counts the commands.', () => table().size),
    sub('list', 2, 'Lists the names of the commands.', () => [...table().keys()]),
    sub('info', -2, 'Describes commands.', ({ args }) =>
      named(args.slice(2)).map(([, command]) => (command === undefined ? null : describe(command))),
    ),
    sub('docs', -2, 'Says what commands are for.', ({ args }) => {
      const pairs: Array<[string, Reply]> = []
      for (const [name, command] of named(args.slice(2))) {
        if (command !== undefined) pairs.push([name, documentation(command)])
      }
      return new Fields(pairs)
    }),
  ])
  return [
    {
      name: 'info',
      arity: -1,
      flags: [],
      keys: noKey,
      summary: 'Says how the server is.',
      run: info,
    },
    {
      name: 'command',
      arity: -1,
      flags: [],
      keys: noKey,
      summary: 'Describes all commands.',
      subcommands,
      run: () => [...table().values()].map(describe),
    },
  ]
}
