import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

export interface RawAnswer {
  status: number
  reason: string
  /** Names and values in the order and case they came in. */
  headers: Array<[string, string]>
  framing: 'length' | 'chunked' | 'close' | 'none'
  body: Buffer
  trailers: string[]
  /** The answer came whole, as far as its own framing tells. */
  whole: boolean
}

/** A client that sees the bytes: for framing, order, and connections that break off. */
export class RawConnection {
  readonly socket: net.Socket
  #chunks: Buffer[] = []
  /** `undefined` while it is open. */
  ending: 'end' | 'reset' | undefined = undefined

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
    })
    socket.on('error', () => {
      this.ending = 'reset'
    })
    socket.on('close', () => {
      this.ending ??= 'end'
    })
  }

  static async to(origin: string): Promise<RawConnection> {
    const { protocol, hostname, port } = new URL(origin)
    const secure = protocol === 'https:'
    const socket = secure
      ? tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
      : net.connect(Number(port), hostname)
    await once(socket, secure ? 'secureConnect' : 'connect')
    return new RawConnection(socket)
  }

  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  send(text: string | Buffer): void {
    this.socket.write(text)
  }

  request(path: string, headers: Record<string, string> = {}, method = 'GET'): void {
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    this.send(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  }

  /** Waits until the other side has closed the connection. */
  async end(): Promise<void> {
    if (this.ending === undefined) await once(this.socket, 'close').catch(() => {})
  }

  /** Waits until `ready`, looking at every chunk; fails when the connection ends first. */
  async until(ready: (bytes: Buffer) => boolean): Promise<void> {
    while (!ready(this.received)) {
      if (this.ending)
        throw new Error(`the connection ended (${this.ending}) after ${this.received.length} bytes`)
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]).catch(() => {})
    }
  }

  close(): void {
    this.socket.destroy()
  }
}

/** One request on a connection of its own, until the server closes it. */
export async function rawGet(
  origin: string,
  path: string,
  { headers = {}, method = 'GET' }: { headers?: Record<string, string>; method?: string } = {},
): Promise<RawAnswer & { interim: RawAnswer[]; ending: 'end' | 'reset' }> {
  const connection = await RawConnection.to(origin)
  connection.request(path, { Connection: 'close', ...headers }, method)
  await connection.end()
  const answers = parseAnswers(connection.received, [method])
  const answer = answers.pop() ?? NOTHING
  return { ...answer, interim: answers, ending: connection.ending ?? 'end' }
}

const NOTHING: RawAnswer = {
  status: 0,
  reason: '',
  headers: [],
  framing: 'none',
  body: Buffer.alloc(0),
  trailers: [],
  whole: false,
}

/** The answers in what a connection gave, in order; RFC 9112 sections 6 and 7. Interim ones (1xx) count too. */
export function parseAnswers(bytes: Buffer, methods: string[]): RawAnswer[] {
  const answers: RawAnswer[] = []
  const asked = [...methods]
  let at = 0
  while (at < bytes.length) {
    const headEnd = bytes.indexOf('\r\n\r\n', at)
    if (headEnd === -1) break
    const [statusLine = '', ...lines] = bytes.subarray(at, headEnd).toString('latin1').split('\r\n')
    const [, status = '0', ...reason] = statusLine.split(' ')
    const answer: RawAnswer = {
      ...NOTHING,
      status: Number(status),
      reason: reason.join(' '),
      headers: lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).trim()]
      }),
    }
    const method = answer.status >= 200 ? asked.shift() : 'HEAD'
    at = takeBody(answer, bytes, headEnd + 4, method === 'HEAD')
    answers.push(answer)
  }
  return answers
}

/** @returns where the next answer begins */
function takeBody(answer: RawAnswer, bytes: Buffer, from: number, bodiless: boolean): number {
  const length = headerOf(answer, 'content-length')
  if (headerOf(answer, 'transfer-encoding') === 'chunked') answer.framing = 'chunked'
  else if (length !== undefined) answer.framing = 'length'
  else answer.framing = 'close'
  if (bodiless || answer.status === 204 || answer.status === 304) {
    if (answer.framing === 'close') answer.framing = 'none'
    answer.whole = true
    return from
  }
  if (answer.framing === 'chunked') return takeChunks(answer, bytes, from)
  const end = answer.framing === 'length' ? Math.min(bytes.length, from + Number(length)) : bytes.length
  answer.body = bytes.subarray(from, end)
  answer.whole = answer.framing === 'close' || end - from === Number(length)
  return end
}

function takeChunks(answer: RawAnswer, bytes: Buffer, from: number): number {
  const parts: Buffer[] = []
  let at = from
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    if (line === -1) break
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    if (Number.isNaN(size))
      throw new Error(`no chunk size: ${JSON.stringify(bytes.subarray(at, line).toString())}`)
    if (size === 0) {
      const end = bytes.indexOf('\r\n\r\n', line)
      answer.whole = end !== -1
      if (end > line)
        answer.trailers = bytes
          .subarray(line + 2, end)
          .toString('latin1')
          .split('\r\n')
      answer.body = Buffer.concat(parts)
      return end === -1 ? bytes.length : end + 4
    }
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
  answer.body = Buffer.concat(parts)
  return bytes.length
}

export function headerOf(answer: RawAnswer, name: string): string | undefined {
  return answer.headers.find(([key]) => key.toLowerCase() === name)?.[1]
}
