import { EventEmitter, once } from 'node:events'
import { ignore } from '../../base/async'
import { loadPeer } from '../../base/peer'

/** As much of a node-redis client as opening and closing takes; `destroy` is called `disconnect` in version 4. */
export interface NodeRedisConnection {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly options?: object
  connect(): Promise<unknown>
  sendCommand(args: string[], options: object): Promise<unknown>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  ref(): void
  unref(): void
  destroy?(): void
  disconnect(): Promise<void>
}

/** How long `close` waits for commands that are under way. */
const CLOSING_MS = 1000

/**
 * A client that a store opened for itself. It connects with the first command, and keeps the process alive only
 * while a command is under way: who makes a store and forgets it can still end.
 */
export class OwnRedisClient {
  readonly #connection: NodeRedisConnection
  readonly #idle = new EventEmitter()
  #underWay = 0
  #closed = false

  constructor(connection: NodeRedisConnection) {
    this.#connection = connection
    connection.unref()
  }

  get isReady(): boolean {
    return this.#connection.isReady
  }

  get options(): object | undefined {
    return this.#connection.options
  }

  on(event: string, listener: (...args: unknown[]) => void): this {
    this.#connection.on(event, listener)
    return this
  }

  /** It goes on trying by itself until it is closed. */
  connect(): void {
    if (!this.#connection.isOpen && !this.#closed) this.#connection.connect().catch(ignore)
  }

  async sendCommand(args: string[], options: object): Promise<unknown> {
    const connection = this.#connection
    if (this.#underWay++ === 0) connection.ref()
    try {
      this.connect()
      return await connection.sendCommand(args, options)
    } finally {
      if (--this.#underWay === 0) {
        connection.unref()
        this.#idle.emit('idle')
      }
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection
    this.#closed = true
    if (!connection.isOpen) return
    if (this.#underWay > 0) {
      await once(this.#idle, 'idle', { signal: AbortSignal.timeout(CLOSING_MS) }).catch(ignore)
    }
    if (connection.destroy) connection.destroy()
    else await connection.disconnect()
  }
}

/** @throws SessionError ERR_SESSION_PEER when the package `redis` is not installed or fails to load */
export function createNodeRedis(options: { url: string }): NodeRedisConnection {
  const { createClient } = loadPeer<NodeRedis>('redis', 'A RedisStore with a URL', () => require('redis'))
  return createClient(options)
}

interface NodeRedis {
  createClient(options: object): NodeRedisConnection
}
