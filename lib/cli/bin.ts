#!/usr/bin/env node
import { runCommand } from './run'
import { terminalOf } from './terminal'

/** The reader of a list has seen enough: `sojourn ls ... | head`. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

/** What is under way is finished. A second signal ends the process at once, as it would without us. */
function breakable(): AbortSignal {
  const breaking = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => breaking.abort())
  return breaking.signal
}

runCommand(process.argv.slice(2), terminalOf(process.stdout, process.stderr, breakable)).then(
  // A client that goes on trying to connect would keep the process.
  (exitCode) => process.stdout.write('', () => process.exit(exitCode)),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  },
)
