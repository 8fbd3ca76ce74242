import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { HAS_WRK, wrkArguments, wrkResult } from './wrk'

const run = promisify(execFile)

export interface Sample {
  /** CPU time of the server process for one request, in microseconds. */
  cpuUs: number
  perSecond: number
  p50Us: number
  p99Us: number
}

export interface Load {
  seconds: number
  connections: number
  /** Requests bring the visitors' cookies, in turn. */
  withCookies: boolean
}

/** With two cores and taskset the server has one for itself; the load runs on the other. */
const PINS = cpus().length > 1 && hasTaskset()

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true'])
    return true
  } catch {
    return false
  }
}

const pinned = (core: number, command: string[]): [string, string[]] => {
  const [file = '', ...args] = PINS ? ['taskset', '-c', String(core), ...command] : command
  return [file, args]
}

const node = (script: string, args: string[], flags: string[] = []): string[] => {
  return [process.execPath, ...flags, '--import', 'tsx', path.join(__dirname, script), ...args]
}

/** What `load.ts` prints. */
export interface LoadResult {
  requests: number
  perSecond: number
  p50Us: number
  p99Us: number
}

/** Starts another script of this folder on the core of the load. */
export function onLoadCore(script: string, args: string[]) {
  const [file, argv] = pinned(1, node(script, args))
  return spawn(file, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Our own client, whatever else is installed. */
export async function loadOf(
  port: number,
  { connections, seconds }: { connections: number; seconds: number },
  cookies: string[],
): Promise<LoadResult> {
  const args = [`${port}`, `${connections}`, `${seconds * 1000}`, cookies.join('|')]
  const [file, argv] = pinned(1, node('load.ts', args))
  return JSON.parse((await run(file, argv)).stdout)
}

/** What a server has used so far. */
interface Usage {
  served: number
  cpuUs: number
  heapUsed: number
  collections: number
  /** Calls of the store, where they are counted. */
  reads: number
  writes: number
}

export interface ServerOptions {
  /** How many visitors log in before the load begins. */
  visitors?: number
  env?: Record<string, string>
  /** Flags of Node.js. */
  flags?: string[]
}

export class Server {
  readonly #child: ChildProcess
  port = 0
  cookies: string[] = []

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** @param args kind, work, size */
  static async start(args: string[], options: ServerOptions = {}): Promise<Server> {
    const { visitors = 1, env = {}, flags = [] } = options
    const [file, argv] = pinned(0, node('server.ts', args, flags))
    const child = spawn(file, argv, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env, NODE_NO_WARNINGS: '1' },
    })
    const server = new Server(child)
    server.port = (await server.#message<{ port: number }>()).port
    for (let i = 0; i < visitors; i++) {
      const login = await fetch(`http://127.0.0.1:${server.port}/login`)
      await login.text()
      server.cookies.push(login.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '')
    }
    return server
  }

  async load({ seconds, connections, withCookies }: Load): Promise<Sample> {
    const cookies = withCookies ? this.cookies : []
    const before = await this.usage()
    const loaded = HAS_WRK
      ? await this.#loadByWrk(connections, seconds, cookies)
      : await loadOf(this.port, { connections, seconds }, cookies)
    const after = await this.usage()
    const { perSecond, p50Us, p99Us } = loaded
    return {
      cpuUs: (after.cpuUs - before.cpuUs) / (after.served - before.served),
      perSecond,
      p50Us,
      p99Us,
    }
  }

  async #loadByWrk(connections: number, seconds: number, cookies: string[]): Promise<LoadResult> {
    const [file, argv] = pinned(1, wrkArguments(this.port, connections, seconds, cookies))
    const { stdout } = await run(file, argv)
    const { requests, us, p50Us, p99Us } = wrkResult(stdout)
    return { requests, perSecond: (requests / us) * 1e6, p50Us, p99Us }
  }

  /**
   * Bytes that the server allocates for one request, on a server with `--expose-gc` and room for new objects.
   * `NaN` where a collection came between.
   */
  async allocated(requests: number, withCookies: boolean): Promise<number> {
    await this.#requests(200, withCookies)
    const before = await this.usage('collect')
    await this.#requests(requests, withCookies)
    const after = await this.usage()
    if (after.collections !== before.collections) return Number.NaN
    return (after.heapUsed - before.heapUsed) / requests
  }

  /** So many requests one after another on one connection. */
  async #requests(count: number, withCookies: boolean): Promise<void> {
    const headers = withCookies ? { cookie: this.cookies[0] ?? '' } : {}
    for (let i = 0; i < count; i++) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/`, { headers })
      await answer.arrayBuffer()
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }

  usage(question = 'usage'): Promise<Usage> {
    this.#child.send(question)
    return this.#message()
  }

  #message<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const ended = (code: unknown) => reject(new Error(`the server ended with ${code}`))
      this.#child.once('exit', ended)
      this.#child.once('message', (message) => {
        this.#child.removeListener('exit', ended)
        resolve(message as T)
      })
    })
  }
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
