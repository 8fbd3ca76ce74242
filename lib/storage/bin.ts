#!/usr/bin/env node
import { systemClock } from '../base/clock'
import { parseStorageArguments, USAGE } from './bin-arguments'
import { SessionStorage } from './server/server'

const WRONG_USAGE = 2

function fail(error: unknown, exitCode: number): void {
  process.stderr.write(`sojourn-storage: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = exitCode
}

/** A full disk fails every write, and the log is on a disk, too. */
function logOncePerSecond(): (error: Error) => void {
  const loggedAt = new Map<string, number>()
  return ({ message }) => {
    const now = systemClock()
    if (now - (loggedAt.get(message) ?? 0) < 1000) return
    if (loggedAt.size > 100) loggedAt.clear()
    loggedAt.set(message, now)
    process.stderr.write(`sojourn-storage: ${message}\n`)
  }
}

async function main(): Promise<void> {
  let options: ReturnType<typeof parseStorageArguments>
  try {
    options = parseStorageArguments(process.argv.slice(2))
  } catch (error) {
    return fail(error, WRONG_USAGE)
  }
  if (options === 'help') {
    process.stdout.write(USAGE)
    return
  }
  const storage = new SessionStorage(options)
  storage.on('error', logOncePerSecond())
  // A second signal ends the process at once, as it would without us.
  const stop = (): void => {
    storage.close().catch((error: unknown) => fail(error, 1))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  await storage.listen()
  const at = storage.address()
  if (at !== undefined) process.stdout.write(`sojourn-storage: listening on ${at.address} port ${at.port}\n`)
}

main().catch((error: unknown) => fail(error, 1))
