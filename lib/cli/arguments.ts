import { parseArgs } from 'node:util'
import { badOption, SessionOptionError } from '../base/errors'
import { didYouMean } from '../base/suggest'

const FLAGS = {
  prefix: { type: 'string' },
  table: { type: 'string' },
  'to-prefix': { type: 'string' },
  'to-table': { type: 'string' },
  'owner-key': { type: 'string' },
  'seal-keys': { type: 'string' },
  owner: { type: 'string' },
  older: { type: 'string' },
  login: { type: 'string' },
  field: { type: 'string', multiple: true },
  cookie: { type: 'string' },
  from: { type: 'string' },
  json: { type: 'boolean' },
  ids: { type: 'boolean' },
  secrets: { type: 'boolean' },
  'hash-ids': { type: 'boolean' },
  create: { type: 'boolean' },
  keep: { type: 'boolean' },
  verify: { type: 'boolean' },
  insecure: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Flag = keyof typeof FLAGS
type TextFlag = Exclude<
  { [F in Flag]: (typeof FLAGS)[F]['type'] extends 'string' ? F : never }[Flag],
  'field'
>
type Switch = { [F in Flag]: (typeof FLAGS)[F]['type'] extends 'boolean' ? F : never }[Flag]

export type Flags = { readonly [F in TextFlag]?: string } & { readonly [F in Switch]?: boolean } & {
  readonly field?: string[]
}

const OPENING: readonly Flag[] = ['prefix', 'table', 'seal-keys', 'owner-key']
const TARGET: readonly Flag[] = ['to-prefix', 'to-table', 'hash-ids', 'create', 'keep', 'verify']

interface Shape {
  /** Fewest and most words behind the command. */
  readonly words: readonly [min: number, max: number, names: string]
  readonly flags: readonly Flag[]
}

/** What each command takes. A flag without effect is refused: who gave it meant something by it. */
const COMMANDS = {
  ls: { words: [1, 1, 'URL'], flags: [...OPENING, 'owner', 'older', 'json', 'ids'] },
  show: { words: [2, 2, 'URL ID|FINGERPRINT'], flags: [...OPENING, 'ids', 'secrets'] },
  owners: { words: [1, 1, 'URL'], flags: [...OPENING, 'json'] },
  stats: { words: [1, 1, 'URL'], flags: [...OPENING, 'json'] },
  revoke: { words: [1, Infinity, 'URL ID|FINGERPRINT ...'], flags: [...OPENING, 'owner'] },
  export: { words: [1, Infinity, 'URL ...'], flags: [...OPENING, 'owner', 'secrets', 'ids'] },
  erase: { words: [1, Infinity, 'URL ...'], flags: [...OPENING, 'owner'] },
  prune: { words: [1, 1, 'URL'], flags: OPENING },
  copy: { words: [2, 2, 'FROM TO'], flags: [...OPENING, ...TARGET] },
  doctor: { words: [1, 1, 'URL'], flags: ['login', 'field', 'cookie', 'from', 'insecure', 'json'] },
} as const satisfies Record<string, Shape>

export type CommandName = keyof typeof COMMANDS

export interface CommandLine {
  readonly name: CommandName
  readonly words: readonly string[]
  readonly flags: Flags
  readonly olderMs: number | undefined
}

/**
 * @param words the command line without the program
 * @returns `'help'` when that was asked for
 * @throws SessionOptionError saying which word is wrong
 */
export function parseCommandLine(words: readonly string[]): CommandLine | 'help' {
  let parsed: { values: Flags & { help?: boolean }; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...words], options: FLAGS, allowPositionals: true }) as typeof parsed
  } catch (error) {
    throw new SessionOptionError((error as Error).message)
  }
  const { values: flags, positionals } = parsed
  const [name = 'help', ...rest] = positionals
  if (flags.help || name === 'help') return 'help'
  if (!Object.hasOwn(COMMANDS, name)) {
    const names = Object.keys(COMMANDS)
    throw new SessionOptionError(
      `there is no command ${JSON.stringify(name)}${didYouMean(name, names)}: see --help`,
    )
  }
  const { words: count, flags: known }: Shape = COMMANDS[name as CommandName]
  const [min, max, usage] = count
  if (rest.length < min || rest.length > max) throw new SessionOptionError(`usage: sojourn ${name} ${usage}`)
  for (const flag of Object.keys(flags) as Flag[]) {
    if (!known.includes(flag)) throw new SessionOptionError(`${name} has no option --${flag}: see --help`)
    if (flags[flag] === '' && !flag.endsWith('prefix')) badOption(`--${flag}`, 'a value', '')
  }
  if ((name === 'export' || name === 'erase') && flags.owner === undefined)
    badOption('--owner', 'whose sessions', undefined)
  if (name === 'revoke' && rest.length > 1 === (flags.owner !== undefined))
    throw new SessionOptionError(`usage: sojourn revoke ${usage}, or --owner OWNER`)
  if (flags.keep && flags.verify) throw new SessionOptionError('either --keep or --verify, not both')
  return { name: name as CommandName, words: rest, flags, olderMs: durationMs(flags.older) }
}

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count === undefined) badOption('--older', 'a number and s, m, h or d, as in 7d', text)
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
}
