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

/** Runs an example as a reader would, on a free port, until it has printed `addresses` lines. */
export async function run(owner: Owner, name: string, env: object = {}, addresses = 1): Promise<Running> {
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
  const printed = await linesOf(child, addresses)
  return { process: child, origin: printed[addresses - 1] ?? '', stop }
}

async function linesOf(child: ChildProcess, count: number): Promise<string[]> {
  let output = ''
  child.stdout?.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (text: string) => {
      output += text
      const lines = output.split('\n').slice(0, -1)
      if (lines.length >= count) resolve(lines)
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
