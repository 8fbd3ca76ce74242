import { debuglog } from 'node:util'

/** Reasons of decisions, printed with `NODE_DEBUG=sojourn`. */
export const debug = debuglog('sojourn')

const warned = new Set<string>()

/**
 * A process warning, once per code and process: what is wrong and what to change. Events tell of every case;
 * the warning is for those who do not listen.
 */
export function warnOnce(code: string, message: string): void {
  if (warned.has(code)) return
  warned.add(code)
  process.emitWarning(message, { type: 'SojournWarning', code })
}

/** Most different warnings of one code: applications make their options, and names of keys, at run time too. */
const DIFFERENT_MAX = 100
const different = new Map<string, number>()

/**
 * A process warning, once per subject: for what is wrong at several places, each with its own cure.
 *
 * @param subject what it is about; default: the message
 */
export function warnOnceEach(code: string, message: string, subject = message): void {
  const key = `${code} ${subject}`
  if (warned.has(key)) return
  const count = different.get(code) ?? 0
  if (count >= DIFFERENT_MAX) return
  different.set(code, count + 1)
  warned.add(key)
  process.emitWarning(message, { type: 'SojournWarning', code })
}

/** Whether this process has been warned of it. */
export function hasWarned(code: string): boolean {
  return warned.has(code)
}

/** @internal lets a test see a warning again */
export function forgetWarnings(): void {
  warned.clear()
  different.clear()
}
