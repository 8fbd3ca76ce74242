import { isSessionError, SessionOptionError } from '../base/errors'
import { type CommandLine, type CommandName, parseCommandLine } from './arguments'
import { copySessions } from './copy'
import { runDoctor } from './doctor/doctor'
import { eraseOwner, exportOwner, pruneStore, revokeSessions } from './end'
import { listOwners, listSessions, showSession } from './list'
import { showStats } from './stats'
import type { Terminal } from './terminal'
import { HELP } from './usage'

const WRONG_USAGE = 2
const UNREACHABLE = 3

const COMMANDS: Record<CommandName, (command: CommandLine, terminal: Terminal) => Promise<number>> = {
  ls: listSessions,
  show: showSession,
  owners: listOwners,
  stats: showStats,
  revoke: revokeSessions,
  export: exportOwner,
  erase: eraseOwner,
  prune: pruneStore,
  copy: copySessions,
  doctor: runDoctor,
}

/**
 * @param words the command line without the program
 * @returns the exit code; what is wrong is told in one line, which never has a password in it
 */
export async function runCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const command = parseCommandLine(words)
    if (command === 'help') {
      await terminal.print(HELP.trimEnd())
      return 0
    }
    return await COMMANDS[command.name](command, terminal)
  } catch (error) {
    const { message } = error as Error
    terminal.note(`sojourn: ${message?.split('\n', 1)[0] ?? String(error)}`)
    if (error instanceof SessionOptionError) return WRONG_USAGE
    if (isSessionError(error)) return UNREACHABLE
    throw error
  }
}
