import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { TYPESCRIPT } from './typescript'

const BIN = join(__dirname, '../../lib/storage/bin.ts')

export interface StorageProcess {
  readonly process: ChildProcess
  readonly port: number
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly errors: () => string
}

/** A folder that is gone after the test. */
export function folderFor(t: { after(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-storage-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs the program and waits until it listens, or has ended (`port` is 0 then). */
export async function startStorage(t: TestContext, ...args: string[]): Promise<StorageProcess> {
  const child = spawn(process.execPath, [...TYPESCRIPT, BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  let errors = ''
  child.stderr.on('data', (text) => {
    errors += text
  })
  let output = ''
  const listening = new Promise<number>((resolve) => {
    child.stdout.on('data', (text) => {
      output += text
      const port = /listening on \S+ port (\d+)\n/.exec(output)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  })
  const port = await Promise.race([listening, ended.then(() => 0)])
  return { process: child, port, ended, errors: () => errors }
}
