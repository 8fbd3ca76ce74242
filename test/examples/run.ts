import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Owner } from '../support/app'

const root = join(__dirname, '../..')

export interface Running {
  readonly process: ChildProcess
  /** Of the address that it has printed last. */
  readonly origin: string
  /** Ends it by `signal`, and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Runs an example as a reader would, on a free port, until it has printed so many addresses. */
export async function run(owner: Owner, name: string, env: object = {}, addresses = 1): Promise<Running> {
  const started = start(owner, name, env)
  const isAddress = (line: string) => line.startsWith('http')
  const lines = await linesOf(started.process, (printed) => printed.filter(isAddress).length >= addresses)
  return { ...started, origin: lines.filter(isAddress)[addresses - 1] ?? '' }
}

/** As `run`, until it has printed so many lines. */
export async function printedBy(
  owner: Owner,
  name: string,
  env: object,
  count: number,
): Promise<{ lines: string[] }> {
  const started = start(owner, name, env)
  return { lines: await linesOf(started.process, (printed) => printed.length >= count) }
}

function start(owner: Owner, name: string, env: object): Omit<Running, 'origin'> {
  const child = spawn(process.execPath, [join(root, 'examples', name)], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    await ended
  }
  owner.after(() => stop('SIGKILL'))
  return { process: child, stop }
}

async function linesOf(child: ChildProcess, areEnough: (lines: string[]) => boolean): Promise<string[]> {
  let output = ''
  child.stdout?.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (text: string) => {
      output += text
      const lines = output.split('\n').slice(0, -1)
      if (areEnough(lines)) resolve(lines)
    })
    child.once('close', (code) => reject(new Error(`the example ended with ${code} after: ${output}`)))
  })
}

/** A folder that is gone after the test. */
export function folderFor(owner: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-example-'))
  owner.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
