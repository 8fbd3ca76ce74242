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

/** @internal lets a test see a warning again */
export function forgetWarnings(): void {
  warned.clear()
}
