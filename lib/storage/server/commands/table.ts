import { type Awaitable, isPromise } from '../../../base/async'
import { byteString } from '../bytes'
import { Failure, type Reply } from '../resp/reply'
import type { Call, Command } from './command'
import { CONNECTION_COMMANDS } from './connection'
import { EXPIRE_COMMANDS } from './expire'
import { KEY_COMMANDS } from './key'
import { serverCommands } from './server'
import { STRING_COMMANDS } from './string'

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [
    ...STRING_COMMANDS,
    ...KEY_COMMANDS,
    ...EXPIRE_COMMANDS,
    ...CONNECTION_COMMANDS,
    ...serverCommands(() => COMMANDS),
  ].map((command) => [command.name, command]),
)

/** Names come in any case; the usual ones are found without making a new string. */
const BY_SENT_NAME = new Map<string, Command>()
for (const [name, command] of COMMANDS) {
  BY_SENT_NAME.set(name, command)
  BY_SENT_NAME.set(name.toUpperCase(), command)
}

/** What a client sent, fit to be shown: a line end becomes a space on the way out. */
function shownBytes(text: string, limit: number): string {
  return byteString(text)
    .slice(0, limit)
    .replace(/[^ -~\r\n]/g, '?')
}

/** As Redis words it: the name, and as many of the arguments as fit into 128 characters. */
function unknownCommand(args: readonly string[]): Failure {
  let shown = ''
  for (const arg of args.slice(1)) {
    if (shown.length >= 128) break
    shown += `'${shownBytes(arg, 128 - shown.length)}' `
  }
  const name = shownBytes(args[0] ?? '', 128)
  return new Failure(`ERR unknown command '${name}', with args beginning with: ${shown}`)
}

function arityFits({ arity }: Command, args: readonly string[]): boolean {
  return arity < 0 ? args.length >= -arity : args.length === arity
}

const wrongArity = (name: string): Failure =>
  new Failure(`ERR wrong number of arguments for '${name}' command`)

/** @returns the command that `args` name, or the reply that says why there is none */
export function resolve(args: readonly string[]): Command | Failure {
  const sent = args[0] ?? ''
  const command = BY_SENT_NAME.get(sent) ?? BY_SENT_NAME.get(sent.toLowerCase())
  if (command === undefined) return unknownCommand(args)
  if (!arityFits(command, args)) return wrongArity(command.name)
  if (command.subcommands === undefined || args.length === 1) return command
  const sub = command.subcommands.get((args[1] ?? '').toLowerCase())
  if (sub === undefined) {
    const shown = shownBytes(args[1] ?? '', 128)
    return new Failure(`ERR unknown subcommand '${shown}'. Try ${command.name.toUpperCase()} HELP.`)
  }
  return arityFits(sub, args) ? sub : wrongArity(sub.name)
}

/**
 * Runs one request. What a command throws is for the caller to word: `CommandError` carries its reply, anything
 * else is the backend's.
 */
export function execute(call: Call): Awaitable<Reply> {
  const command = resolve(call.args)
  if (command instanceof Failure) return command
  if (!call.client.authenticated && !command.open) return new Failure('NOAUTH Authentication required.')
  const reply = command.run(call)
  if (!command.exclusive || !isPromise(reply)) return reply
  const { client } = call
  client.blocked = true
  return reply.finally(() => {
    client.blocked = false
  })
}
