import type { Awaitable } from '../../../base/async'
import type { InfoSection } from '../info'
import type { Keyspace } from '../keyspace'
import { Failure, type Reply, type RespVersion } from '../resp/reply'

/** What a connection is, as far as commands see and change it. */
export interface ClientState {
  readonly id: number
  readonly address: string
  name: string
  version: RespVersion
  authenticated: boolean
  /** The next request of this connection begins when the one under way is answered. */
  blocked: boolean
  /** The connection is closed after the reply to this command. */
  closing: boolean
}

/** What commands may know of the server around them. */
export interface ServerFacts {
  readonly passwordRequired: boolean
  /** Whether these are the user and the password, in constant time; after a wrong one from this address, later. */
  authenticates(client: ClientState, user: string, password: string): Awaitable<boolean>
  /** The most bytes of values that one reply may carry. */
  readonly maxReplyBytes: number
  /** What `INFO` says. */
  info(): readonly InfoSection[]
}

export interface Call {
  /** The command's name first, as it was sent. */
  readonly args: readonly string[]
  readonly keyspace: Keyspace
  readonly client: ClientState
  readonly server: ServerFacts
}

export interface Command {
  /** In lower case; `container|sub` for a subcommand. */
  readonly name: string
  /** As Redis counts it: the name included, negative for at least so many. */
  readonly arity: number
  readonly flags: readonly string[]
  /** First key, last key (from the end when negative), step: what cluster clients ask `COMMAND` for. */
  readonly keys: readonly [number, number, number]
  /** One line for `COMMAND DOCS`. */
  readonly summary: string
  /** Whether it is answered before `AUTH`. */
  readonly open?: boolean
  /** Later requests of the same client begin when this one is answered: they depend on it or must not show in it. */
  readonly exclusive?: boolean
  readonly subcommands?: ReadonlyMap<string, Command>
  readonly run: (call: Call) => Awaitable<Reply>
}

/** Thrown by a command to be its reply. */
export class CommandError extends Error {
  toReply(): Failure {
    return new Failure(this.message)
  }
}

export const syntaxError = (): CommandError => new CommandError('ERR syntax error')

const INTEGER = /^(0|-?[1-9][0-9]{0,18})$/
const INT64_MAX = 2n ** 63n - 1n

/**
 * An integer in the only form that Redis takes: no plus, no leading zero, no space, within 64 bits.
 * Beyond 2^53 the nearest number that there is.
 */
export function integer(text: string | undefined): number {
  if (text === undefined || !INTEGER.test(text)) {
    throw new CommandError('ERR value is not an integer or out of range')
  }
  if (text.length > 15) {
    const big = BigInt(text)
    if (big > INT64_MAX || big < -INT64_MAX - 1n) {
      throw new CommandError('ERR value is not an integer or out of range')
    }
  }
  return Number(text)
}
