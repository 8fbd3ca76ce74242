import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { TYPESCRIPT } from '../typescript'

export interface Child {
  readonly process: ChildProcess
  /** Whole lines that it has written so far. */
  readonly lines: string[]
  readonly errors: () => string
  /** Resolves when at least this many lines are there, or it has ended. */
  hasWritten(lines: number): Promise<void>
  /** Exit code, or the signal that ended it; all its output has arrived then. */
  readonly ended: Promise<number | NodeJS.Signals | null>
}

/** Starts one of the scripts beside this file in a process of its own. */
export function startChild(script: string, ...args: string[]): Child {
  const child = spawn(process.execPath, [...TYPESCRIPT, join(__dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const waiting: Array<{ lines: number; done: () => void }> = []
  let rest = ''
  let errors = ''
  let over = false
  const wake = () => {
    for (const waiter of waiting.splice(0)) {
      if (over || lines.length >= waiter.lines) waiter.done()
      else waiting.push(waiter)
    }
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = once(child, 'close').then(([code, signal]) => {
    over = true
    wake()
    return code ?? signal
  })
  return {
    process: child,
    lines,
    errors: () => errors,
    hasWritten: (count) =>
      new Promise((done) => {
        waiting.push({ lines: count, done })
        wake()
      }),
    ended,
  }
}
