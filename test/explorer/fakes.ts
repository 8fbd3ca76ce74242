import { EventEmitter } from 'node:events'

/** What the middleware needs of a request, as node:http gives it. */
export class FakeRequest {
  url = '/'
  method = 'GET'
  readonly headers: { cookie?: string }
  readonly socket = {}
  session?: any
  sessionID?: string
  sessionStore?: any

  constructor(
    readonly label: string,
    cookie: string | undefined,
  ) {
    this.headers = cookie === undefined ? {} : { cookie }
  }
}

/** A response that keeps what reaches it: the order of head, chunks and end is what a client would see. */
export class FakeResponse extends EventEmitter {
  statusCode = 200
  headersSent = false
  writableEnded = false
  destroyed = false
  closed = false
  readonly writableHighWaterMark = 16384
  readonly writableNeedDrain = false
  readonly #headers = new Map<string, string | string[]>()

  constructor(
    readonly onHead: (res: FakeResponse) => void,
    readonly onEnd: (res: FakeResponse) => void,
  ) {
    super()
  }

  setHeader(name: string, value: string | string[]): this {
    if (this.headersSent) throw new Error('Cannot set headers after they are sent to the client')
    this.#headers.set(name.toLowerCase(), value)
    return this
  }

  getHeader(name: string): string | string[] | undefined {
    return this.#headers.get(name.toLowerCase())
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase())
  }

  writeHead(status: number): this {
    this.statusCode = status
    this.#sendHead()
    return this
  }

  flushHeaders(): void {
    this.#sendHead()
  }

  write(_chunk: unknown): boolean {
    this.#sendHead()
    return true
  }

  end(..._args: unknown[]): this {
    if (this.writableEnded) return this
    this.#sendHead()
    this.writableEnded = true
    // Nothing reaches a client that has left.
    if (!this.closed) this.onEnd(this)
    process.nextTick(() => this.close())
    return this
  }

  /** After an error behind the headers: the client sees a response cut off. */
  destroy(): this {
    this.destroyed = true
    process.nextTick(() => this.close())
    return this
  }

  /** The connection is gone, by an end or before it. */
  close(): void {
    if (this.closed) return
    this.destroyed = true
    this.closed = true
    this.emit('close')
  }

  #sendHead(): void {
    if (this.headersSent) return
    this.headersSent = true
    this.onHead(this)
  }
}
