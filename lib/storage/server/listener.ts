import type { AddressInfo, Server, Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { ignore } from '../../base/async'
import { systemClock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { timers } from '../../base/timers'
import { ClientMemory } from './client-memory'
import type { ServerFacts } from './commands/command'
import { Connection, type ConnectionLimits } from './connection'
import { type ServerCounts, serverInfo } from './info'
import type { Keyspace } from './keyspace'
import { addressToListenOn } from './loopback'
import { nodeNet, nodeTls } from './node-net'
import { passwordCheck } from './password'
import { PasswordGate } from './password-gate'

export interface RespServerOptions {
  readonly keyspace: Keyspace
  readonly requirepass?: string | undefined
  readonly tls?: TlsOptions | undefined
  readonly maxConnections: number
  readonly limits: ConnectionLimits
  readonly onFailure: (error: unknown) => void
}

/** How long clients have to take their last answers when the server closes. */
const CLOSE_GRACE_MS = 5000
/** Sockets beyond `maxConnections` that are accepted to be told so. */
const TOLD_CONNECTIONS = 64
const TLS_HANDSHAKE_MS = 10_000
/** Values of one `MGET`: eight of the largest requests. */
const REPLY_TO_REQUEST = 8

/** The sockets: accepts, counts, refuses, closes in order. What is said on them is a `Connection`'s. */
export class RespServer {
  readonly #options: RespServerOptions
  /** Clients of now; public for tests of what they may hold. */
  readonly connections = new Map<Socket, Connection>()
  readonly #facts: ServerFacts
  readonly #counts: ServerCounts = { connections: 0, received: 0, rejected: 0, commands: 0 }
  readonly #memory: ClientMemory
  readonly #startedAt = systemClock()
  #server: Server | undefined
  #closing: Promise<void> | undefined

  constructor(options: RespServerOptions) {
    this.#options = options
    const { requirepass } = options
    this.#memory = new ClientMemory(options.limits.maxHeldBytesOfAll)
    const matches = requirepass === undefined ? () => true : passwordCheck(requirepass)
    const gate = new PasswordGate(options.limits.wrongPasswordPause)
    this.#facts = {
      passwordRequired: requirepass !== undefined,
      authenticates: (client, user, password) => {
        // Both are looked at before either is judged. There is one user, `default`.
        const check = (): boolean => matches(password) && user === 'default'
        return gate.pass(client.address, check, () => client.closing)
      },
      maxReplyBytes: options.limits.maxRequestBytes * REPLY_TO_REQUEST,
      info: () =>
        serverInfo({
          counts: { ...this.#counts, connections: this.connections.size },
          maxConnections: options.maxConnections,
          port: this.address()?.port ?? 0,
          uptimeMs: systemClock() - this.#startedAt,
        }),
    }
  }

  /** `undefined` while it does not listen. */
  address(): AddressInfo | undefined {
    const address = this.#server?.address()
    return typeof address === 'object' && address !== null ? address : undefined
  }

  /** @throws ERR_SESSION_OPTION for an address beyond loopback without a password; ERR_SESSION_USAGE the second time */
  async listen(port: number, host: string): Promise<void> {
    if (this.#server !== undefined || this.#closing !== undefined) {
      throw new SessionError('ERR_SESSION_USAGE', 'this storage listens already, or has been closed')
    }
    const handle = (socket: Socket): void => this.handleSocket(socket)
    const { tls } = this.#options
    // Half-open: a client may send its last requests, end its side and still read the answers.
    const server =
      tls === undefined
        ? nodeNet().createServer({ allowHalfOpen: true }, handle)
        : nodeTls().createServer(
            { handshakeTimeout: TLS_HANDSHAKE_MS, ...tls, allowHalfOpen: true } as TlsOptions,
            handle,
          )
    // The rest are told why they cannot be served. Beyond these, and in the middle of a TLS handshake, there is no telling.
    server.maxConnections = this.#options.maxConnections + TOLD_CONNECTIONS
    this.#server = server
    try {
      const address = await addressToListenOn(host, this.#facts.passwordRequired)
      if (this.#closing !== undefined)
        throw new SessionError('ERR_SESSION_USAGE', 'this storage has been closed')
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port, host: address }, () => {
          server.off('error', reject)
          resolve()
        })
      })
      server.on('error', this.#options.onFailure)
    } catch (error) {
      this.#server = undefined
      throw error
    }
  }

  handleSocket(socket: Socket): void {
    if (this.#closing !== undefined) {
      socket.destroy()
      return
    }
    if (this.connections.size >= this.#options.maxConnections) {
      this.#counts.rejected++
      socket.on('error', ignore)
      socket.end('-ERR max number of clients reached\r\n', () => socket.destroy())
      return
    }
    const { keyspace, limits, onFailure } = this.#options
    const connection = new Connection({
      socket,
      id: ++this.#counts.received,
      keyspace,
      server: this.#facts,
      limits,
      memory: this.#memory,
      onFailure,
      onRequest: () => {
        this.#counts.commands++
      },
    })
    this.connections.set(socket, connection)
    socket.on('close', () => this.connections.delete(socket))
  }

  /** Accepts nobody any more, answers what has begun, and resolves when every socket is closed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shut()
    return this.#closing
  }

  async #shut(): Promise<void> {
    const server = this.#server
    const stopped = new Promise<void>((resolve) => {
      if (server === undefined) resolve()
      else server.close(() => resolve())
    })
    const gone = [...this.connections.keys()].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    )
    const late = timers.setTimeout(() => {
      for (const socket of this.connections.keys()) socket.destroy()
    }, CLOSE_GRACE_MS)
    for (const connection of this.connections.values()) connection.finish()
    await Promise.all([stopped, ...gone])
    timers.clearTimeout(late)
  }
}
