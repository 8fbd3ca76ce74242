import { findProgram } from './binaries'
import { ChildServer, temporaryFolder } from './child-server'
import { freePort, isListening } from './ports'

export interface MemcachedServer extends ChildServer {
  readonly port: number
}

/** A memcached of our own. */
export async function startMemcached(): Promise<MemcachedServer> {
  const port = await freePort()
  const server = new ChildServer({
    name: 'memcached',
    file: findProgram('memcached') ?? 'memcached',
    args: [
      '-l',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-m',
      '16',
      ...(process.getuid?.() === 0 ? ['-u', 'root'] : []),
    ],
    folder: temporaryFolder('memcached'),
    endSignal: 'SIGTERM',
    isReady: () => isListening({ host: '127.0.0.1', port }),
  })
  await server.start()
  return Object.assign(server, { port })
}
