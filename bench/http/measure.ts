import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Sample {
  /** CPU time of the server process for one request, in microseconds. */
  cpuUs: number
  perSecond: number
  p50Us: number
  p99Us: number
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

function command(core: number, script: string, args: string[]): [string, string[]] {
  const node = ['--import', 'tsx', path.join(__dirname, script), ...args]
  return PINS ? ['taskset', ['-c', String(core), process.execPath, ...node]] : [process.execPath, node]
}

export class Server {
  readonly #child: ChildProcess
  port = 0
  cookies: string[] = []

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** @param sessions how many visitors log in before the load begins */
  static async start(args: string[], sessions = 1, env: Record<string, string> = {}): Promise<Server> {
    const [file, argv] = command(0, 'server.ts', args)
    const child = spawn(file, argv, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env, NODE_NO_WARNINGS: '1' },
    })
    const server = new Server(child)
    server.port = (await server.#message<{ port: number }>()).port
    for (let i = 0; i < sessions; i++) {
      const login = await fetch(`http://127.0.0.1:${server.port}/login`)
      server.cookies.push(login.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '')
    }
    return server
  }

  async load(ms: number, withCookie: boolean, connections = 64, pipelined = 1): Promise<Sample> {
    const before = await this.#usage()
    const [file, argv] = command(1, 'load.ts', [
      String(this.port),
      String(connections),
      String(ms),
      withCookie ? this.cookies.join('|') : '',
      String(pipelined),
    ])
    const { stdout } = await run(file, argv)
    const after = await this.#usage()
    const { perSecond, p50Us, p99Us } = JSON.parse(stdout)
    return { cpuUs: (after.cpuUs - before.cpuUs) / (after.served - before.served), perSecond, p50Us, p99Us }
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }

  #usage(): Promise<{ served: number; cpuUs: number }> {
    this.#child.send('usage')
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
