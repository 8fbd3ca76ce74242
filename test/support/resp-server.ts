import type { Backend } from '../../lib/backend/contract'
import { Keyspace } from '../../lib/storage/server/keyspace'
import { RespServer, type RespServerOptions } from '../../lib/storage/server/listener'
import { MapBackend } from './map-backend'
import { RawClient } from './raw-resp'

export const LIMITS: RespServerOptions['limits'] = {
  maxRequestBytes: 1024 * 1024,
  maxArguments: 10_000,
  maxPending: 128,
  maxHeldBytes: 1024 * 1024,
  maxHeldBytesOfAll: 64 * 1024 * 1024,
  stallTimeout: 5000,
  wrongPasswordPause: 5,
}

export interface Served {
  server: RespServer
  keyspace: Keyspace
  port: number
  failures: unknown[]
  /** @param from another address of this machine's loopback */
  client(from?: string): RawClient
  stop(): Promise<void>
}

/** The RESP server over any backend, on a free port. */
export async function serve(
  backend: Backend = new MapBackend(),
  options: Partial<Omit<RespServerOptions, 'limits'>> & {
    limits?: Partial<RespServerOptions['limits']>
  } = {},
  clock: () => number = Date.now,
): Promise<Served> {
  const failures: unknown[] = []
  const keyspace = new Keyspace(backend, clock)
  const server = new RespServer({
    keyspace,
    maxConnections: 1000,
    onFailure: (error) => failures.push(error),
    ...options,
    limits: { ...LIMITS, ...options.limits },
  })
  await server.listen(0, '127.0.0.1')
  const port = server.address()?.port ?? 0
  const clients: RawClient[] = []
  return {
    server,
    keyspace,
    port,
    failures,
    client(from) {
      const client = new RawClient({ port, host: '127.0.0.1', localAddress: from })
      clients.push(client)
      return client
    },
    async stop() {
      for (const client of clients) client.close()
      await server.close()
      keyspace.close()
    },
  }
}
