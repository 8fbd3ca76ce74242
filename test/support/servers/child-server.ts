import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { forget, removeAtExit, watch } from './guardian'

export interface Owner {
  uid: number
  gid: number
}

export interface Program {
  /** For messages and the name of the temporary folder. */
  name: string
  file: string
  args: string[]
  folder: string
  owner?: Owner | undefined
  /** The signal for an orderly end. */
  endSignal: NodeJS.Signals
  /** Asked every 10 ms until `true`, for at most 20 s. */
  isReady(pid: number): Promise<boolean>
}

/** Unix socket paths hold about 100 bytes, less than a deep TMPDIR needs. */
export function temporaryFolder(name: string, owner?: Owner): string {
  const root = tmpdir().length < 60 ? tmpdir() : '/tmp'
  const folder = mkdtempSync(join(root, `sojourn-${name}-`))
  removeAtExit(folder)
  if (owner) chownSync(folder, owner.uid, owner.gid)
  return folder
}

/** One server process of ours, with the ways in which tests make it fail. */
export class ChildServer {
  readonly folder: string
  #program: Program
  #child: ChildProcess | undefined
  #paused = false

  constructor(program: Program) {
    this.#program = program
    this.folder = program.folder
  }

  /** The process number, while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** @throws with the end of the server's log when it ends instead or takes too long */
  async start(): Promise<void> {
    const { file, args, folder, owner, name } = this.#program
    const log = openSync(join(folder, 'log'), 'a')
    const child = spawn(file, args, { cwd: folder, stdio: ['ignore', log, log], detached: true, ...owner })
    closeSync(log)
    child.unref()
    let ended: string | undefined
    child.once('error', (error) => {
      ended = error.message
    })
    child.once('exit', (code, signal) => {
      ended = `it ended with ${signal ?? `code ${code}`}`
      if (child.pid !== undefined) forget(child.pid)
      if (this.#child === child) this.#child = undefined
    })
    if (child.pid !== undefined) watch(child.pid)
    this.#child = child
    const until = Date.now() + 20_000
    while (ended === undefined && Date.now() < until) {
      if (child.pid !== undefined && (await this.#program.isReady(child.pid))) return
      await sleep(10)
    }
    if (ended === undefined) await this.kill()
    throw new Error(`${name} did not start: ${ended ?? 'not ready after 20 s'}\n${this.log().slice(-2000)}`)
  }

  /** Everything it printed. */
  log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8')
  }

  /** An orderly end that keeps the data: `restart` brings it back. */
  async halt(): Promise<void> {
    await this.#end(this.#program.endSignal)
  }

  /** `kill -9`; the data stay as they are: `restart` brings it back. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ends it, if it still runs, and starts it on the same address and data. */
  async restart(): Promise<void> {
    await this.halt()
    await this.start()
  }

  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void {
    this.#paused = true
    this.#child?.kill('SIGSTOP')
    for (const pid of this.#children()) process.kill(pid, 'SIGSTOP')
  }

  resume(): void {
    this.#paused = false
    for (const pid of this.#children()) process.kill(pid, 'SIGCONT')
    this.#child?.kill('SIGCONT')
  }

  /** Ends it for good and removes its data. Twice is fine. */
  async stop(): Promise<void> {
    await this.halt()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const children = this.#children()
    const exit = once(child, 'exit')
    // A running timer is what keeps this process waiting: the child itself is unref'd.
    const limit = setTimeout(() => child.kill('SIGKILL'), 10_000)
    child.kill(signal)
    if (this.#paused) this.resume()
    await exit
    clearTimeout(limit)
    // A PostgreSQL whose postmaster was killed starts again only when its last backend has noticed.
    for (let i = 0; i < 500 && children.some(isRunning); i++) await sleep(10)
  }

  /** The processes it started itself (PostgreSQL has one per connection). */
  #children(): number[] {
    const pid = this.#child?.pid
    if (pid === undefined) return []
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  }
}

/** A process that has ended and whose parent never asks for its result stays in the table as a zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
