import { join } from 'node:path'
import { findProgram, withoutRedis } from './binaries'
import { ChildServer, temporaryFolder } from './child-server'
import { freePort } from './ports'
import { type RespReply, respCommand } from './resp'

export interface RedisOptions {
  /** Keep what was written across `restart` and `kill`, each write synced to disk before its answer. Default `false`. */
  appendonly?: boolean
  requirepass?: string
  /** A node of a cluster; see `startRedisCluster`. */
  cluster?: { nodeTimeoutMs: number }
  /** Further words for the command line: `['--maxmemory', '10mb']`. */
  args?: string[]
}

export class RedisServer extends ChildServer {
  readonly host = '127.0.0.1'

  constructor(
    file: string,
    folder: string,
    readonly port: number,
    readonly socket: string,
    readonly password: string | undefined,
    args: string[],
  ) {
    super({ name: 'redis-server', file, args, folder, endSignal: 'SIGTERM', isReady: () => isReady(port) })
  }

  get url(): string {
    return `redis://${this.password === undefined ? '' : `:${encodeURIComponent(this.password)}@`}127.0.0.1:${this.port}`
  }

  /** One command on a connection of its own, past the client under test. */
  command(...words: string[]): Promise<RespReply> {
    return respCommand({ port: this.port, host: this.host }, words, this.password)
  }
}

/** A Redis of our own. No persistence unless asked for. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const file = findProgram('redis-server')
  if (file === undefined) throw new Error(String(withoutRedis()))
  let failure: unknown
  // Somebody else may take the free port before our server does.
  for (let attempt = 0; attempt < 3; attempt++) {
    const port = await freePort()
    const folder = temporaryFolder('redis')
    const socket = join(folder, 'redis.sock')
    const server = new RedisServer(
      file,
      folder,
      port,
      socket,
      options.requirepass,
      words(options, port, folder, socket),
    )
    try {
      await server.start()
      return server
    } catch (error) {
      failure = error
      if (!server.log().includes('Address already in use')) break
    }
  }
  throw failure
}

function words(options: RedisOptions, port: number, folder: string, socket: string): string[] {
  const { appendonly = false, requirepass, cluster, args = [] } = options
  return [
    ...['--bind', '127.0.0.1', '--port', `${port}`, '--unixsocket', socket, '--dir', folder],
    ...[
      '--daemonize',
      'no',
      '--save',
      '',
      '--appendonly',
      appendonly ? 'yes' : 'no',
      '--appendfsync',
      'always',
    ],
    ...(requirepass === undefined ? [] : ['--requirepass', requirepass, '--masterauth', requirepass]),
    ...(cluster === undefined ? [] : ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf']),
    ...(cluster === undefined ? [] : ['--cluster-node-timeout', `${cluster.nodeTimeoutMs}`]),
    ...args,
  ]
}

/** Also without the password: `-NOAUTH` is an answer. While it reads its data back it says `-LOADING`. */
async function isReady(port: number): Promise<boolean> {
  try {
    await respCommand({ port, host: '127.0.0.1' }, ['PING'])
    return true
  } catch (error) {
    return error instanceof Error && error.message.startsWith('NOAUTH')
  }
}
