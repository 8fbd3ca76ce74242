import type { Socket } from 'node:net'
import { isPromise } from './awaitable'
import { type ClientState, CommandError, type ServerFacts } from './command'
import { execute } from './commands'
import type { Keyspace } from './keyspace'
import { ProtocolError, type RequestLimits, RequestParser } from './resp-parser'
import { Failure, type Reply, ReplyWriter, type RespVersion } from './resp-reply'

export interface ConnectionLimits extends RequestLimits {
  /** Requests of one connection under way at a time; its socket is not read while there are so many. */
  maxPending: number
  /** Bytes of replies held for a client that does not read; its requests wait while there are so many. */
  maxHeldBytes: number
  /**
   * Milliseconds in which a client has to authenticate, to send the rest of a request or to read what it was
   * answered. A client that owes none of these may be idle for ever.
   */
  stallTimeout: number
}

export interface ConnectionParts {
  readonly socket: Socket
  readonly id: number
  readonly keyspace: Keyspace
  readonly server: ServerFacts
  readonly limits: ConnectionLimits
  /** A command failed for a reason that is not the client's. */
  readonly onFailure: (error: unknown) => void
  readonly onRequest: () => void
}

/** A reply in its turn. */
interface Slot {
  readonly version: RespVersion
  reply: Reply | undefined
}

/** Before `AUTH`, as in Redis: enough for `AUTH` and `HELLO`, too little to be worth an attack. */
const HANDSHAKE_LIMITS: RequestLimits = { maxArguments: 10, maxRequestBytes: 16 * 1024 }

/** A web page can make a browser speak HTTP to a local port; the first line of that is no mistake of a Redis client. */
const HTTP_WORDS: ReadonlySet<string> = new Set(['post', 'host:'])

/**
 * One client. Requests begin in the order in which they came and replies leave in that order, however their work
 * overtakes. What a client can make the server hold is bounded: while too much is under way or waits to be read,
 * nothing more is taken from its socket, and TCP tells the client.
 */
export class Connection {
  readonly client: ClientState
  private readonly parser: RequestParser
  private readonly writer = new ReplyWriter()
  private readonly slots: Slot[] = []
  private first = 0
  private heldBytes = 0
  private flushing = false
  private inputEnded = false
  private paused = false
  private inTurn = false
  private ended = false
  private deadline: NodeJS.Timeout | undefined

  constructor(private readonly parts: ConnectionParts) {
    const { socket, limits, server } = parts
    const authenticated = !server.passwordRequired
    this.client = { id: parts.id, name: '', version: 2, authenticated, blocked: false, closing: false }
    this.parser = new RequestParser(authenticated ? limits : HANDSHAKE_LIMITS)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.setTimeout(limits.stallTimeout)
    socket.on('data', (chunk: Buffer) => {
      if (this.client.closing) return
      this.parser.push(chunk)
      this.turn()
    })
    socket.on('drain', () => this.turn())
    socket.on('end', () => {
      this.inputEnded = true
      this.turn()
    })
    socket.on('timeout', () => {
      if (this.owes()) socket.destroy()
    })
    // A client that is gone is no fault of the server's; `close` follows.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => clearTimeout(this.deadline))
    // Not a timer of inactivity: a byte now and then must not keep a stranger's connection.
    if (!authenticated) this.destroyUnless(() => this.client.authenticated)
  }

  /** Answers what has begun, begins nothing more, and closes. */
  finish(): void {
    this.client.closing = true
    this.turn()
  }

  private destroyUnless(fine: () => boolean): void {
    clearTimeout(this.deadline)
    const late = (): void => {
      if (!fine()) this.parts.socket.destroy()
    }
    this.deadline = setTimeout(late, this.parts.limits.stallTimeout).unref()
  }

  private get pending(): number {
    return this.slots.length - this.first
  }

  private owes(): boolean {
    if (this.pending > 0) return false
    return this.parts.socket.writableLength > 0 || this.parser.midRequest
  }

  private full(): boolean {
    const { limits, socket } = this.parts
    return (
      this.client.blocked ||
      this.pending >= limits.maxPending ||
      this.heldBytes + this.writer.pendingBytes + socket.writableLength >= limits.maxHeldBytes
    )
  }

  /** Takes as many requests as may be taken now, and sees to the socket afterwards. */
  private turn(): void {
    // A command that answers at once may end this connection's last work; one loop is enough.
    if (this.inTurn) return
    this.inTurn = true
    const { socket } = this.parts
    try {
      while (!this.client.closing && !socket.destroyed) {
        if (this.full()) {
          this.flush()
          if (this.full()) break
        }
        const args = this.parser.next()
        if (args === undefined) break
        this.begin(args)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.parts.onFailure(error)
        socket.destroy()
        return
      }
      this.place(new Failure(`ERR Protocol error: ${error.message}`))
      this.client.closing = true
    } finally {
      this.inTurn = false
    }
    this.flush()
    this.steer()
  }

  private begin(args: readonly string[]): void {
    const { keyspace, server, limits, onRequest } = this.parts
    onRequest()
    if (HTTP_WORDS.has((args[0] ?? '').toLowerCase())) {
      this.parts.socket.destroy()
      return
    }
    let reply: Reply | Promise<Reply>
    try {
      reply = execute({ args, keyspace, client: this.client, server })
    } catch (error) {
      reply = this.failure(error)
    }
    if (this.client.authenticated) this.parser.limits = limits
    if (!isPromise(reply)) {
      this.place(reply)
      return
    }
    const slot: Slot = { version: this.client.version, reply: undefined }
    this.slots.push(slot)
    const settle = (settled: Reply): void => {
      slot.reply = settled
      this.advance()
    }
    reply.then(settle, (error: unknown) => settle(this.failure(error)))
  }

  private failure(error: unknown): Failure {
    if (error instanceof CommandError) return error.toReply()
    this.parts.onFailure(error)
    return new Failure('ERR the storage failed, see its log')
  }

  /** Puts a reply that is there already in its turn. */
  private place(reply: Reply): void {
    if (this.pending === 0) {
      this.writer.write(reply, this.client.version)
      return
    }
    this.slots.push({ version: this.client.version, reply })
    this.heldBytes += weight(reply)
  }

  /** Writes the replies that are next in turn; the rest of what this frees is done once, for all of them. */
  private advance(): void {
    for (;;) {
      const slot = this.slots[this.first]
      if (slot?.reply === undefined) break
      this.writer.write(slot.reply, slot.version)
      this.first++
    }
    if (this.first === this.slots.length) {
      this.slots.length = 0
      this.first = 0
      this.heldBytes = 0
    } else if (this.first >= this.parts.limits.maxPending) {
      this.slots.splice(0, this.first)
      this.first = 0
    }
    if (this.flushing) return
    this.flushing = true
    process.nextTick(() => {
      this.flushing = false
      this.turn()
    })
  }

  private flush(): void {
    const { socket } = this.parts
    const pieces = this.writer.take()
    if (pieces.length === 0 || socket.destroyed || !socket.writable) return
    const [only] = pieces
    if (pieces.length === 1 && only !== undefined) {
      socket.write(only)
      return
    }
    socket.cork()
    for (const piece of pieces) socket.write(piece)
    socket.uncork()
  }

  private steer(): void {
    const { socket } = this.parts
    if (socket.destroyed || this.ended) return
    if (this.pending === 0 && (this.client.closing || (this.inputEnded && !this.full()))) {
      this.ended = true
      this.client.closing = true
      socket.end()
      // What still comes is read and dropped for a while: closing on unread input would reset the connection, and
      // the client would lose its last answers.
      socket.resume()
      this.destroyUnless(() => false)
      return
    }
    const pause = this.full()
    if (pause === this.paused) return
    this.paused = pause
    if (pause) socket.pause()
    else socket.resume()
  }
}

/** About how many bytes a reply holds in memory until it may leave. */
function weight(reply: Reply): number {
  if (typeof reply === 'string') return reply.length + 16
  if (!Array.isArray(reply)) return 16
  return (reply as readonly Reply[]).reduce<number>((sum, item) => sum + weight(item), 16)
}
