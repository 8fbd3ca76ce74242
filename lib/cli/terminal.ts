import { once } from 'node:events'
import type { Writable } from 'node:stream'
import * as util from 'node:util'
import { systemClock } from '../base/clock'

export type Paint = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** Where a command writes, and what it may know of its surroundings. */
export interface Terminal {
  /** The answer. Waits while the reader is slow, so that a long list takes no memory. */
  print(line: string): Promise<void>
  /** What is no part of the answer: progress and remarks. */
  note(line: string): void
  /** Replaces the last line of progress; without a terminal a line now and then. */
  progress(line: string): void
  paint(colour: Paint, text: string): string
  /** Aborted when the user breaks off; who never asks for it is ended by the system, as any program is. */
  readonly signal: AbortSignal
}

const WITHOUT_TERMINAL_MS = 10_000
const CLEAR_LINE = '\r\u001b[K'

export function terminalOf(
  out: Writable & { isTTY?: boolean },
  err: Writable & { isTTY?: boolean },
  breakable: () => AbortSignal,
): Terminal {
  const { styleText } = util as { styleText?: (format: Paint, text: string) => string }
  const coloured = out.isTTY === true && !process.env['NO_COLOR'] && styleText !== undefined
  let progressAt = systemClock()
  let open = false
  let signal: AbortSignal | undefined
  const close = (): void => {
    if (open) err.write(CLEAR_LINE)
    open = false
  }
  return {
    get signal() {
      signal ??= breakable()
      return signal
    },
    paint: (colour, text) => (coloured && styleText ? styleText(colour, text) : text),
    async print(line) {
      close()
      if (!out.write(`${line}\n`)) await once(out, 'drain')
    },
    note(line) {
      close()
      err.write(`${line}\n`)
    },
    progress(line) {
      if (err.isTTY) {
        open = true
        err.write(`${CLEAR_LINE}${line}`)
      } else if (systemClock() - progressAt >= WITHOUT_TERMINAL_MS) {
        progressAt = systemClock()
        err.write(`${line}\n`)
      }
    },
  }
}

/** @returns a bar of `width` characters, `share` of it filled */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(Math.max(share, 0), 1) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** Ids and data come from outside: nothing of them may steer the terminal of an operator. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
}

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/** As `3 d`, `45 min`. */
export function durationText(ms: number): string {
  if (ms === Infinity) return 'never'
  const [unit, size] =
    UNITS.find(([, one]) => ms >= 2 * one || (ms >= one && ms % one === 0)) ?? (['s', 1000] as const)
  return `${Math.floor(ms / size)} ${unit}`
}

/** As `1.4 kB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function countText(count: number): string {
  return count.toLocaleString('en-US')
}
