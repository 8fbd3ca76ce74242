import { type Awaitable, whenDone } from '../../../base/async'
import { PACKAGE_VERSION } from '../info'
import { Fields, OK, type Reply, type RespVersion, SimpleString } from '../resp/reply'
import { type Call, type ClientState, type Command, CommandError, integer, syntaxError } from './command'

const noKey = [0, 0, 0] as const

function authenticate({ client, server }: Call, user: string, password: string): Awaitable<void> {
  return whenDone(server.authenticates(client, user, password), (right) => {
    if (!right) throw new CommandError('WRONGPASS invalid username-password pair or user is disabled.')
    client.authenticated = true
  })
}

function auth(call: Call): Awaitable<Reply> {
  const { args, server } = call
  if (args.length > 3) throw syntaxError()
  if (args.length === 2 && !server.passwordRequired) {
    throw new CommandError(
      'ERR AUTH <password> called without any password configured for the default user. ' +
        'Are you sure your configuration is correct?',
    )
  }
  const user = args.length === 3 ? (args[1] ?? '') : 'default'
  return whenDone(authenticate(call, user, args.at(-1) ?? ''), () => OK)
}

function checkName(name: string): string {
  if (!/^[!-~]*$/.test(name)) {
    throw new CommandError('ERR Client names cannot contain spaces, newlines or special characters.')
  }
  return name
}

/** `HELLO [2|3 [AUTH user password] [SETNAME name]]`: nothing is changed unless all of it can be. */
function hello(call: Call): Awaitable<Reply> {
  const { args, client } = call
  let version = client.version
  if (args.length > 1) {
    if (!/^(0|-?[1-9][0-9]{0,17})$/.test(args[1] ?? '')) {
      throw new CommandError('ERR Protocol version is not an integer or out of range')
    }
    if (args[1] !== '2' && args[1] !== '3') throw new CommandError('NOPROTO unsupported protocol version')
    version = args[1] === '3' ? 3 : 2
  }
  let credentials: readonly [string, string] | undefined
  let name: string | undefined
  for (let i = 2; i < args.length; i++) {
    const word = (args[i] ?? '').toUpperCase()
    const left = args.length - 1 - i
    if (word === 'AUTH' && left >= 2) {
      credentials = [args[i + 1] ?? '', args[i + 2] ?? '']
      i += 2
    } else if (word === 'SETNAME' && left >= 1) {
      name = checkName(args[++i] ?? '')
    } else {
      throw new CommandError(`ERR Syntax error in HELLO option '${args[i]}'`)
    }
  }
  if (credentials === undefined) return greet(client, version, name)
  return whenDone(authenticate(call, ...credentials), () => greet(client, version, name))
}

function greet(client: ClientState, version: RespVersion, name: string | undefined): Reply {
  if (!client.authenticated) {
    throw new CommandError(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the ' +
        'HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and ' +
        'select the RESP protocol version at the same time',
    )
  }
  if (name !== undefined) client.name = name
  client.version = version
  return new Fields([
    ['server', 'sojourn'],
    ['version', PACKAGE_VERSION],
    ['proto', version],
    ['id', client.id],
    ['mode', 'standalone'],
    ['role', 'master'],
    ['modules', []],
  ])
}

function select({ args }: Call): Reply {
  if (integer(args[1]) !== 0) throw new CommandError('ERR DB index is out of range')
  return OK
}

function ping({ args }: Call): Reply {
  if (args.length > 2) throw new CommandError("ERR wrong number of arguments for 'ping' command")
  return args[1] ?? new SimpleString('PONG')
}

function setInfo({ args }: Call): Reply {
  const attribute = (args[2] ?? '').toLowerCase()
  if (attribute !== 'lib-name' && attribute !== 'lib-ver') {
    throw new CommandError(`ERR Unrecognized option '${args[2]}'`)
  }
  if (!/^[!-~]*$/.test(args[3] ?? '')) {
    throw new CommandError(`ERR ${attribute} cannot contain spaces, newlines or special characters.`)
  }
  return OK
}

type Run = (call: Call) => Awaitable<Reply>
const sub = (name: string, arity: number, summary: string, run: Run): [string, Command] => [
  name,
  { name: `client|${name}`, arity, flags: ['fast'], keys: noKey, summary, run },
]

const CLIENT: ReadonlyMap<string, Command> = new Map([
  sub('id', 2, 'Returns the number of this connection.', ({ client }) => client.id),
  sub('getname', 2, 'Returns the name of this connection.', ({ client }) => client.name || null),
  sub('setname', 3, 'Names this connection.', ({ args, client }) => {
    client.name = checkName(args[2] ?? '')
    return OK
  }),
  sub('setinfo', 4, 'Takes the name and version of the client library.', setInfo),
])

export const CONNECTION_COMMANDS: readonly Command[] = [
  {
    name: 'ping',
    arity: -1,
    flags: ['fast'],
    keys: noKey,
    summary: 'Answers PONG, or what was sent.',
    run: ping,
  },
  {
    name: 'echo',
    arity: 2,
    flags: ['fast'],
    keys: noKey,
    summary: 'Answers what was sent.',
    run: ({ args }) => args[1] ?? '',
  },
  {
    name: 'hello',
    arity: -1,
    flags: ['fast'],
    keys: noKey,
    summary: 'Chooses RESP 2 or 3, and authenticates.',
    open: true,
    exclusive: true,
    run: hello,
  },
  {
    name: 'auth',
    arity: -2,
    flags: ['fast'],
    keys: noKey,
    summary: 'Authenticates with the password.',
    open: true,
    exclusive: true,
    run: auth,
  },
  {
    name: 'select',
    arity: 2,
    flags: ['fast'],
    keys: noKey,
    summary: 'There is one database, 0.',
    run: select,
  },
  {
    name: 'client',
    arity: -2,
    flags: [],
    keys: noKey,
    summary: 'About this connection.',
    subcommands: CLIENT,
    run: () => null,
  },
  {
    name: 'quit',
    arity: -1,
    flags: ['fast'],
    keys: noKey,
    summary: 'Closes the connection after the answer.',
    open: true,
    run: ({ client }) => {
      client.closing = true
      return OK
    },
  },
]
