import type { Socket } from 'node:net'
import { isPromise } from '../../base/async'
import { timers } from '../../base/timers'
import type { ClientMemory } from './client-memory'
import { type ClientState, CommandError, type ServerFacts } from './commands/command'
import { execute } from './commands/table'
import type { Keyspace } from './keyspace'
import { ReplyQueue } from './reply-queue'
import { ProtocolError, type RequestLimits, RequestParser } from './resp/parser'
import { Failure, type Reply } from './resp/reply'

export interface ConnectionLimits extends RequestLimits {
  /** Requests of one connection under way at a time; its socket is not read while there are so many. */
  maxPending: number
  /** Bytes of replies held for a client that does not read; its requests wait while there are so many. */
  maxHeldBytes: number
  /** Bytes held for all clients together. */
  maxHeldBytesOfAll: number
  /**
   * Milliseconds in which a client has to authenticate, to send the rest of a request or to read what it was
   * answered. A client that owes none of these may be idle for ever.
   */
  stallTimeout: number
  /** Milliseconds between a wrong password and the look at the next one from the same address. */
  wrongPasswordPause: number
}

export interface ConnectionParts {
  readonly socket: Socket
  readonly id: number
  readonly keyspace: Keyspace
  readonly server: ServerFacts
  readonly limits: ConnectionLimits
  readonly memory: ClientMemory
  /** A command failed for a reason that is not the client's. */
  readonly onFailure: (error: unknown) => void
  readonly onRequest: () => void
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
  readonly #parts: ConnectionParts
  readonly client: ClientState
  readonly #parser: RequestParser
  readonly #replies = new ReplyQueue()
  #flushing = false
  #inputEnded = false
  #paused = false
  #inTurn = false
  #ended = false
  #deadline: NodeJS.Timeout | undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    const { socket, limits, server } = parts
    const authenticated = !server.passwordRequired
    this.client = {
      id: parts.id,
      address: socket.remoteAddress ?? '',
      name: '',
      version: 2,
      authenticated,
      blocked: false,
      closing: false,
    }
    this.#parser = new RequestParser(authenticated ? limits : HANDSHAKE_LIMITS)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.setTimeout(limits.stallTimeout)
    socket.on('data', (chunk: Buffer) => {
      if (this.client.closing) return
      this.#parser.push(chunk)
      this.#turn()
    })
    socket.on('drain', () => this.#turn())
    socket.on('end', () => {
      this.#inputEnded = true
      this.#turn()
    })
    socket.on('timeout', () => {
      if (this.#owes()) socket.destroy()
    })
    // A client that is gone is no fault of the server's; `close` follows.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.client.closing = true
      timers.clearTimeout(this.#deadline)
      parts.memory.note(socket, 0)
    })
    // Not a timer of inactivity: a byte now and then must not keep a stranger's connection.
    if (!authenticated) this.#destroyUnless(() => this.client.authenticated)
  }

  /** Answers what has begun, begins nothing more, and closes. */
  finish(): void {
    this.client.closing = true
    this.#turn()
  }

  #destroyUnless(fine: () => boolean): void {
    timers.clearTimeout(this.#deadline)
    const late = (): void => {
      if (!fine()) this.#parts.socket.destroy()
    }
    this.#deadline = timers.setTimeout(late, this.#parts.limits.stallTimeout).unref()
  }

  #owes(): boolean {
    if (this.#replies.pending > 0) return false
    return this.#parts.socket.writableLength > 0 || this.#parser.midRequest
  }

  #full(): boolean {
    const { limits, socket } = this.#parts
    return (
      this.client.blocked ||
      this.#replies.pending >= limits.maxPending ||
      this.#replies.heldBytes + socket.writableLength >= limits.maxHeldBytes
    )
  }

  /** Bytes of a request that has not come to its end, and of replies that the client has not read. */
  get heldBytes(): number {
    return this.#parser.heldBytes + this.#replies.heldBytes + this.#parts.socket.writableLength
  }

  /** Takes as many requests as may be taken now, and sees to the socket afterwards. */
  #turn(): void {
    // A command that answers at once may end this connection's last work; one loop is enough.
    if (this.#inTurn) return
    this.#inTurn = true
    const { socket } = this.#parts
    try {
      this.#parts.keyspace.together(this.#takeRequests)
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#parts.onFailure(error)
        socket.destroy()
        return
      }
      this.#replies.place(new Failure(`ERR Protocol error: ${error.message}`), this.client.version)
      this.client.closing = true
    } finally {
      this.#inTurn = false
    }
    this.#flush()
    this.#steer()
  }

  readonly #takeRequests = (): void => {
    const { socket, limits } = this.#parts
    while (!this.client.closing && !socket.destroyed) {
      if (this.#full()) {
        this.#flush()
        if (this.#full()) break
      }
      if (this.client.authenticated) this.#parser.limits = limits
      const args = this.#parser.next()
      if (args === undefined) break
      this.#begin(args)
    }
  }

  #begin(args: readonly string[]): void {
    const { keyspace, server, onRequest } = this.#parts
    onRequest()
    if (HTTP_WORDS.has((args[0] ?? '').toLowerCase())) {
      this.#parts.socket.destroy()
      return
    }
    let reply: Reply | Promise<Reply>
    try {
      reply = execute({ args, keyspace, client: this.client, server })
    } catch (error) {
      reply = this.#failure(error)
    }
    if (!isPromise(reply)) {
      this.#replies.place(reply, this.client.version)
      return
    }
    const place = this.#replies.reserve(this.client.version)
    const settle = (settled: Reply): void => {
      place(settled)
      this.#soon()
    }
    reply.then(settle, (error: unknown) => settle(this.#failure(error)))
  }

  #failure(error: unknown): Failure {
    if (error instanceof CommandError) return error.toReply()
    this.#parts.onFailure(error)
    return new Failure('ERR the storage failed, see its log')
  }

  /** Many requests end with one commit: what that frees is done once, for all of them. */
  #soon(): void {
    if (this.#flushing) return
    this.#flushing = true
    process.nextTick(() => {
      this.#flushing = false
      this.#turn()
    })
  }

  #flush(): void {
    const { socket } = this.#parts
    const pieces = this.#replies.take()
    if (pieces.length === 0 || socket.destroyed || !socket.writable) return
    if (pieces.length > 1) socket.cork()
    for (const piece of pieces) {
      if (Buffer.isBuffer(piece)) socket.write(piece)
      else socket.write(piece.text, piece.encoding)
    }
    if (pieces.length > 1) socket.uncork()
  }

  #steer(): void {
    const { socket } = this.#parts
    if (socket.destroyed || this.#ended) return
    this.#parts.memory.note(socket, this.heldBytes)
    if (socket.destroyed) return
    if (this.#replies.pending === 0 && (this.client.closing || (this.#inputEnded && !this.#full()))) {
      this.#ended = true
      this.client.closing = true
      socket.end()
      // What still comes is read and dropped for a while: closing on unread input would reset the connection, and
      // the client would lose its last answers.
      socket.resume()
      this.#destroyUnless(() => false)
      return
    }
    const pause = this.#full()
    if (pause === this.#paused) return
    this.#paused = pause
    if (pause) socket.pause()
    else socket.resume()
  }
}
