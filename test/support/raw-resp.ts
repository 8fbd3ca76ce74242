import { connect, type NetConnectOpts, type Socket } from 'node:net'

/** @returns where the reply that begins at `at` ends; -1 while it is incomplete. RESP 2 and 3. */
export function replyEnd(text: string, at: number): number {
  const lineEnd = text.indexOf('\r\n', at)
  if (lineEnd < 0) return -1
  const type = text[at] ?? ''
  const count = Number(text.slice(at + 1, lineEnd))
  let end = lineEnd + 2
  if ('$='.includes(type)) {
    if (count < 0) return end
    end += count + 2
    return end <= text.length ? end : -1
  }
  if ('*%~>'.includes(type)) {
    for (let i = 0; i < (type === '%' ? count * 2 : count); i++) {
      end = replyEnd(text, end)
      if (end < 0) return -1
    }
  }
  return end
}

/** A request as an array of bulk strings. */
export function request(...words: Array<string | Buffer>): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)]
  for (const word of words) {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(word)
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}

/** Bytes in, bytes out: sends what no client library would, and shows the replies as they came. */
export class RawClient {
  readonly socket: Socket
  /** Replies not yet taken, one character per byte. */
  received = ''
  ended = false
  private waiting: (() => void) | undefined

  constructor(address: NetConnectOpts) {
    this.socket = connect(address)
    this.socket.setNoDelay(true)
    const wake = () => this.waiting?.()
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
      wake()
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.ended = true
      wake()
    })
    this.socket.on('end', () => {
      this.ended = true
      wake()
    })
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** @returns the next whole reply, raw */
  async reply(): Promise<string> {
    for (;;) {
      const end = this.received === '' ? -1 : replyEnd(this.received, 0)
      if (end >= 0) {
        const reply = this.received.slice(0, end)
        this.received = this.received.slice(end)
        return reply
      }
      if (this.ended) throw new Error(`closed by the server; left over: ${JSON.stringify(this.received)}`)
      await this.wake()
    }
  }

  async replies(count: number): Promise<string[]> {
    const replies: string[] = []
    while (replies.length < count) replies.push(await this.reply())
    return replies
  }

  send(...words: Array<string | Buffer>): Promise<string> {
    this.write(request(...words))
    return this.reply()
  }

  /** Everything until the server closes. */
  async rest(): Promise<string> {
    while (!this.ended) await this.wake()
    return this.received
  }

  close(): void {
    this.socket.destroy()
  }

  private wake(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('no answer within 5 s')), 5000)
      this.waiting = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }
}
