import { SessionError } from '../../base/errors'

export interface ClientEvents {
  on(event: string, listener: (...args: unknown[]) => void): unknown
}

/** A client, pool or cluster of `redis` (node-redis) 4, 5 or 6. */
export interface NodeRedisClient extends ClientEvents {
  sendCommand(...args: never[]): Promise<unknown>
}

/** A `Redis` or `Cluster` of `ioredis` 5 or 6. */
export interface IoRedisClient extends ClientEvents {
  call(...args: never[]): Promise<unknown>
}

export type RedisClient = NodeRedisClient | IoRedisClient

/** To one node. */
export type Send = (args: string[]) => Promise<unknown>

/** What the Redis backend needs of a client. Keys are complete keys, without the client's own `keyPrefix`. */
export interface RedisLink {
  /** Commands sent in one tick arrive in that order. Not so when keys live on several nodes or connections. */
  readonly ordered: boolean
  /**
   * How often a connection was lost. ioredis sends a command again after a loss, though it may have been carried
   * out already; who compares this before and after knows that an answer may be that of the repetition.
   */
  readonly losses: number
  /** The client's own `keyPrefix`: what stands before our keys in the server. */
  readonly keyPrefix: string
  /** Whether the server can compare and swap in `SET`; `undefined` until it has been tried. */
  ifeq: boolean | undefined
  /** The first key of a command, as this client wants it. */
  key(key: string): string
  /** @param key where the command goes in a cluster; as `key()` gave it */
  send(key: string, args: string[]): Promise<unknown>
  /** `WAIT`, on the connection on which the key was written. Absent where nobody knows which that was. */
  wait?(key: string, replicas: number, limitMs: number): Promise<unknown>
  /** All nodes that hold keys. */
  nodes(): Promise<Send[]>
  /**
   * Gives the way to stop. Absent where nobody can say: of a cluster a part is down, and its commands fail one by
   * one.
   */
  readonly watch?: ((onDown: (cause?: unknown) => void, onUp: () => void) => () => void) | undefined
}

type Listener = (cause?: unknown) => void

/** What all of them share: who is told of a loss, and that nothing is sent after one. */
export abstract class Link {
  losses = 0
  ifeq: boolean | undefined = undefined
  #watchers = new Set<{ onDown: Listener; onUp: () => void }>()
  #waiting = new Set<(error: SessionError) => void>()
  #down = false
  #cause: unknown

  readonly watch: RedisLink['watch']

  constructor(asAWhole = true) {
    if (!asAWhole) return
    this.watch = (onDown, onUp) => {
      const watcher = { onDown, onUp }
      this.#watchers.add(watcher)
      return () => {
        this.#watchers.delete(watcher)
      }
    }
  }

  protected lost(cause: unknown = new Error('the connection was closed')): void {
    this.losses++
    this.#cause = cause
    for (const reject of this.#waiting) reject(noConnection(cause))
    this.#waiting.clear()
    if (this.#down) return
    this.#down = true
    for (const { onDown } of this.#watchers) onDown(cause)
  }

  protected found(): void {
    if (!this.#down) return
    this.#down = false
    for (const { onUp } of this.#watchers) onUp()
  }

  /** What the client itself says, whatever events were heard. */
  protected abstract isReady(): boolean

  /**
   * Clients queue commands while they have no connection. What waits there would be carried out long after its
   * request was told that it failed; so between a loss and a recovery nothing is handed to them.
   */
  protected refused(): Promise<never> | undefined {
    if (!this.#down || this.isReady()) return undefined
    return Promise.reject(noConnection(this.#cause))
  }

  /**
   * Fails at a loss, for clients that keep what they have not written yet: without a time-out it would wait as
   * long as the server is away. (An AbortSignal would take the command out of the client's queue as well, but
   * costs a hundred times the command.)
   */
  protected untilLost(answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      answer.then(
        (value) => {
          this.#waiting.delete(reject)
          resolve(value)
        },
        (error) => {
          this.#waiting.delete(reject)
          reject(error)
        },
      )
    })
  }
}

function noConnection(cause: unknown): SessionError {
  return new SessionError('ERR_SESSION_STORE', 'there is no connection to Redis', { cause })
}
