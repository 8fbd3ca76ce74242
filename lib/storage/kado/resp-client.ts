import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { SessionError } from '../../base/errors'
import { timers } from '../../base/timers'
import { nodeNet, nodeTls } from '../server/node-net'
import { type ClientReply, ReplyError, ReplyParser } from './reply-parser'

export interface RespClientOptions {
  readonly host: string
  readonly port: number
  readonly password?: string | undefined
  readonly tls?: ConnectionOptions | undefined
  readonly timeoutMs: number
}

interface Asked {
  readonly resolve: (reply: ClientReply) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** More than any number of requests that are served at a time asks for. */
const MAX_ASKED = 1 << 16

/** One connection, and what was asked on it and is not answered. */
interface Line {
  readonly socket: Socket
  readonly asked: Asked[]
}

/**
 * As much of a Redis client as the session store needs: one connection, opened with the first command and again
 * with the next one after it was lost; commands leave at once and are answered in order. It keeps the process alive
 * only while something is asked. A command that was under way when the connection was lost has failed: it is not sent
 * again, since the server may have carried it out.
 */
export class RespClient {
  readonly #options: RespClientOptions
  #line: Line | undefined
  #closed = false

  constructor(options: RespClientOptions) {
    this.#options = options
  }

  /**
   * @throws SessionError ERR_SESSION_STORE when the server cannot be reached or answers with an error (the cause is a
   * `ReplyError` then); ERR_SESSION_STORE_TIMEOUT; ERR_SESSION_CLOSED
   */
  async send(...words: readonly string[]): Promise<string | number | null> {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'the session store has been closed')
    this.#line ??= this.#connect()
    const reply = await this.#ask(this.#line, words)
    if (reply instanceof ReplyError) throw failure(reply.message, reply)
    return reply
  }

  /** Idempotent. What is asked and not answered fails. */
  close(): void {
    this.#closed = true
    this.#line?.socket.destroy()
  }

  #connect(): Line {
    const { host, port, password, tls } = this.#options
    const socket =
      tls === undefined ? nodeNet().connect({ host, port }) : nodeTls().connect({ host, port, ...tls })
    const line: Line = { socket, asked: [] }
    const parser = new ReplyParser()
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const reply of parser.push(chunk)) this.#answer(line, reply)
      } catch (error) {
        this.#drop(line, error as Error)
      }
    })
    let cause: Error | undefined
    socket.on('error', (error) => {
      cause = error
    })
    socket.on('end', () => this.#drop(line))
    socket.on('close', () => this.#lost(line, cause))
    if (password !== undefined) {
      // Judged in the turn in which it comes: the commands behind it get WRONGPASS, not the NOAUTH that follows from it.
      const judge = (reply: ClientReply): void => {
        if (!(reply instanceof ReplyError)) return
        this.#lost(line, reply)
        socket.destroy()
      }
      this.#put(line, ['AUTH', password], judge, () => undefined)
    }
    return line
  }

  #ask(line: Line, words: readonly string[]): Promise<ClientReply> {
    if (line.asked.length >= MAX_ASKED) {
      return Promise.reject(failure('too many commands wait for an answer'))
    }
    return new Promise((resolve, reject) => this.#put(line, words, resolve, reject))
  }

  #put(
    line: Line,
    words: readonly string[],
    resolve: (reply: ClientReply) => void,
    reject: (error: Error) => void,
  ): void {
    const { socket, asked } = line
    const late = (): void => {
      // The answers behind this one would come as late; on a new connection they need not.
      const error = new SessionError(
        'ERR_SESSION_STORE_TIMEOUT',
        `the storage server did not answer within ${this.#options.timeoutMs} ms`,
      )
      reject(error)
      this.#drop(line, error)
    }
    if (asked.length === 0) socket.ref()
    asked.push({ resolve, reject, timer: timers.setTimeout(late, this.#options.timeoutMs) })
    socket.write(encode(words))
  }

  #answer(line: Line, reply: ClientReply): void {
    if (line.socket.destroyed) return
    const first = line.asked.shift()
    if (first === undefined) throw new Error('a reply that nobody asked for')
    timers.clearTimeout(first.timer)
    first.resolve(reply)
    if (line.asked.length === 0) line.socket.unref()
  }

  /** The next command finds another connection, also before this one's end is told. */
  #drop(line: Line, error?: Error): void {
    if (this.#line === line) this.#line = undefined
    line.socket.destroy(error)
  }

  #lost(line: Line, cause: Error | undefined): void {
    if (this.#line === line) this.#line = undefined
    for (const { reject, timer } of line.asked.splice(0)) {
      timers.clearTimeout(timer)
      reject(failure(cause?.message ?? 'the connection was lost', cause))
    }
  }
}

function failure(message: string, cause?: Error): SessionError {
  return new SessionError('ERR_SESSION_STORE', `the storage server: ${message}`, { cause })
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}
