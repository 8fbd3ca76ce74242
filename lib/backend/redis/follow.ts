import { ignore } from '../../base/async'
import { storeError } from '../../base/errors'
import { settlesWithin, timers } from '../../base/timers'
import type { StoreKey } from '../contract'
import type { Ending, NewsListener } from '../news'
import { redisError } from './errors'
import type { RedisLink } from './link'
import type { NodeRedisConnection } from './own-client'

/** Where writers say why a session ends, in the same round trip; the server tells of the end itself. */
const CHANNEL = 'sojourn:ended'
/** How long a reason waits for the end that it belongs to. */
const REASON_MS = 10_000
/** A connection that is cut without a word is found out by a question that is not answered. */
const ASK_MS = 1000
const SILENT_MS = 2000
const START_MS = 5000

interface Subscriber extends NodeRedisConnection {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
}

/** Servers, or users of these, that may not publish: they are asked once. */
const mute = new WeakSet<RedisLink>()

/** Sent just before the command that ends the session. It is a hint: whether that command ends anything is open. */
export function announceEnd(link: RedisLink, key: StoreKey, ending: Ending | undefined): void {
  // A cluster or a pool has no one connection on which it would come first.
  if (!ending || !link.ordered || mute.has(link)) return
  const { because, successor } = ending
  const name = link.keyPrefix + key
  const words = ['PUBLISH', CHANNEL, JSON.stringify([name, because, successor])]
  link.send(link.key(key), words).catch((error: Error) => {
    if (/^(NOPERM|ERR unknown command)/.test(error.message)) mute.add(link)
  })
}

/**
 * Follows what the server tells of the keys under a prefix (`CLIENT TRACKING … BCAST`, Redis 6), on a connection of its
 * own. Writers pay nothing for it.
 */
export class RedisFollower {
  readonly #open: () => NodeRedisConnection
  readonly #link: RedisLink
  readonly #prefix: string
  readonly #listener: NewsListener
  readonly #reasons = new Map<string, { ending: Ending; atMs: number }>()
  #connection: Subscriber | undefined
  #asking: NodeJS.Timeout | undefined
  #subscribed: Subscriber | undefined
  #wasInForce = false
  #isStopped = false

  constructor(open: () => NodeRedisConnection, link: RedisLink, prefix: string, listener: NewsListener) {
    this.#open = open
    this.#link = link
    this.#prefix = prefix
    this.#listener = listener
  }

  /** @throws SessionError ERR_SESSION_STORE when the server does not answer, or cannot do it */
  async start(): Promise<void> {
    let limit: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        limit = timers.setTimeout(() => reject(new Error('the server does not answer')), START_MS)
        this.#connect(resolve, reject)
      })
    } catch (cause) {
      this.stop()
      throw storeError('watch', redisError('watch', cause))
    } finally {
      timers.clearTimeout(limit)
    }
    this.#ask()
  }

  stop(): void {
    this.#isStopped = true
    timers.clearTimeout(this.#asking)
    this.#close()
  }

  #connect(inForce: () => void, failed: (error: unknown) => void): void {
    const connection = this.#open() as Subscriber
    this.#connection = connection
    connection.unref()
    connection.on('error', ignore)
    connection.on('invalidate', (name) => {
      if (this.#connection === connection) this.#hear(name)
    })
    connection.on('ready', () => {
      this.#track(connection).then(inForce, failed)
    })
    // It goes on trying by itself.
    connection.connect().catch(ignore)
  }

  /** At each connection anew; what was missed in between nobody knows. */
  async #track(connection: Subscriber): Promise<void> {
    const send = (...words: string[]) => connection.sendCommand(words, {})
    // What the client has switched on is the other kind, and has to be off before.
    await send('CLIENT', 'TRACKING', 'OFF')
    await send('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', this.#link.keyPrefix + this.#prefix)
    // The client itself subscribes again. Without the permission there are ends without a reason.
    if (!this.#wasInForce || connection !== this.#subscribed) {
      this.#subscribed = connection
      await connection.subscribe(CHANNEL, (message) => this.#hearReason(message)).catch(ignore)
    }
    if (this.#wasInForce) this.#listener('gap')
    this.#wasInForce = true
  }

  #hear(name: unknown): void {
    if (this.#isStopped) return
    if (name === null) {
      this.#listener('gap')
      return
    }
    const text = String(name)
    const key = text.slice(this.#link.keyPrefix.length)
    if (!key.startsWith(this.#prefix)) return
    this.#listener({ key, ended: false, ending: this.#reasons.get(text)?.ending })
  }

  #hearReason(message: string): void {
    const nowMs = performance.now()
    for (const [name, { atMs }] of this.#reasons) {
      if (nowMs - atMs < REASON_MS) break
      this.#reasons.delete(name)
    }
    const [name, because, successor] = parse(message)
    if (typeof name !== 'string' || !name.startsWith(this.#link.keyPrefix + this.#prefix)) return
    this.#reasons.delete(name)
    // Of JSON, which has no undefined.
    const ending = { because, successor: typeof successor === 'string' ? successor : undefined } as Ending
    this.#reasons.set(name, { ending, atMs: nowMs })
  }

  #ask(): void {
    this.#asking = timers.setTimeout(async () => {
      const connection = this.#connection
      const isSilent =
        connection?.isReady === true &&
        !(await settlesWithin(connection.sendCommand(['PING'], {}), SILENT_MS))
      if (this.#isStopped) return
      if (isSilent) {
        this.#close()
        this.#connect(ignore, ignore)
      }
      this.#ask()
    }, ASK_MS)
    this.#asking.unref?.()
  }

  #close(): void {
    const connection = this.#connection
    this.#connection = undefined
    if (!connection?.isOpen) return
    if (connection.destroy) connection.destroy()
    else connection.disconnect().catch(ignore)
  }
}

/** Anybody may publish anything. */
function parse(message: string): unknown[] {
  try {
    const value: unknown = JSON.parse(message)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
