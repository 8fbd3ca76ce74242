import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { RequestParser } from '../../lib/storage/server/resp/parser'

type Reply = string | number | null | Reply[] | { error: string } | { simple: string }

/** What a server may make of the words `IFEQ seen` in a `SET`. Only the first is compare-and-swap. */
export type Ifeq =
  | 'obeyed'
  | 'unknown'
  | 'ignored'
  | 'creates what is absent'
  | 'never writes'
  | 'answers OK'
  | 'answers the new value'
  | 'forgets the deadline'

/** What happens to a connection at a command: nothing is sent any more, before or after it was carried out. */
export type Cut = 'before' | 'after' | undefined

const OK = { simple: 'OK' }
const LIMITS = { maxRequestBytes: 1 << 26, maxArguments: 1000 }

/**
 * A server of Redis' protocol in this process, for what no real one does when a test wants it: half a compare and
 * swap, lies about it, a connection that ends between a command and its answer.
 */
export class FakeRedis {
  readonly data = new Map<string, { value: string; expires: number }>()
  /** Every command that came, in order; `HELLO` and the like left out. */
  readonly commands: string[][] = []
  ifeq: Ifeq = 'obeyed'
  scripts = true
  /** Asked for each command. */
  cut: (args: readonly string[]) => Cut = () => undefined
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(): Promise<FakeRedis> {
    const fake = new FakeRedis()
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Ends all connections; the clients may come back. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.disconnect()
    await closed
  }

  #serve(socket: Socket): void {
    const parser = new RequestParser(LIMITS)
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk) => {
      parser.push(chunk)
      for (let args = parser.next(); args && !socket.destroyed; args = parser.next()) {
        const cut = this.cut(args)
        if (cut === 'before') return socket.destroy()
        const reply = this.#run(args)
        if (cut === 'after') return socket.destroy()
        socket.write(encode(reply))
      }
    })
  }

  #run([name = '', ...args]: string[]): Reply {
    const [key = ''] = args
    const word = name.toUpperCase()
    if (!['HELLO', 'CLIENT', 'INFO', 'PING'].includes(word)) this.commands.push([word, ...args])
    const entry = this.#live(key)
    switch (word) {
      case 'HELLO':
        return ['server', 'fake', 'proto', 2]
      case 'CLIENT':
        return OK
      case 'PING':
        return { simple: 'PONG' }
      case 'INFO':
        return 'redis_version:9.9.9\r\nloading:0\r\n'
      case 'GET':
        return entry?.value ?? null
      case 'PTTL':
        return entry ? (entry.expires === Infinity ? -1 : entry.expires - Date.now()) : -2
      case 'EXISTS':
        return entry ? 1 : 0
      case 'UNLINK':
        return this.data.delete(key) ? 1 : 0
      case 'SET':
        return this.#set(args)
      case 'EVAL':
      case 'EVALSHA':
        return this.scripts ? this.#replaceScript(args.slice(2)) : { error: `ERR unknown command '${name}'` }
      default:
        return { error: `ERR unknown command '${name}'` }
    }
  }

  #live(key: string) {
    const entry = this.data.get(key)
    if (entry && entry.expires <= Date.now()) this.data.delete(key)
    return this.data.get(key)
  }

  #write(key: string, value: string, words: string[]): void {
    const at = words.indexOf('PX')
    const expires = words.includes('PXAT') ? 0 : at < 0 ? Infinity : Date.now() + Number(words[at + 1])
    this.data.set(key, { value, expires })
  }

  #set([key = '', value = '', ...words]: string[]): Reply {
    const entry = this.#live(key)
    if (words[0] === 'NX' && entry) return null
    if (words[0] !== 'IFEQ') {
      this.#write(key, value, words)
      return OK
    }
    if (this.ifeq === 'unknown') return { error: 'ERR syntax error' }
    const before = entry?.value ?? null
    const get = words.includes('GET')
    if (this.#swaps(before, words[1] ?? '')) {
      this.#write(key, value, this.ifeq === 'forgets the deadline' ? [] : words)
    }
    if (!get || this.ifeq === 'answers OK') return before === words[1] ? OK : null
    return this.ifeq === 'answers the new value' ? (this.#live(key)?.value ?? null) : before
  }

  #swaps(before: string | null, seen: string): boolean {
    if (this.ifeq === 'ignored') return true
    if (this.ifeq === 'creates what is absent' && before === null) return true
    return before === seen && this.ifeq !== 'never writes'
  }

  /** What the backend's script does, whatever text came: one key, the body seen, the new one, its lifetime. */
  #replaceScript([key = '', seen = '', value = '', ...words]: string[]): Reply {
    const entry = this.#live(key)
    if (!entry) return null
    if (entry.value !== seen)
      return [entry.value, entry.expires === Infinity ? -1 : entry.expires - Date.now()]
    this.#write(key, value, words)
    return 1
  }
}

function encode(reply: Reply): string {
  if (reply === null) return '$-1\r\n'
  if (typeof reply === 'number') return `:${Math.trunc(reply)}\r\n`
  if (typeof reply === 'string') return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(encode).join('')}`
  return 'error' in reply ? `-${reply.error}\r\n` : `+${reply.simple}\r\n`
}
