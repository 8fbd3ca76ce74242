import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync } from 'node:fs'
import { SessionError } from '../../base/errors'

const OPEN_BRACE = 0x7b
const HEAD_BYTES = 64

/** A save file in Kado's format on its way into the new one; until all of it is there, it stands here. */
const asidePath = (path: string): string => `${path}.json`
/** Where it stays afterwards, for people; nothing reads it. */
const donePath = (path: string): string => `${path}.json.taken-over`

/** An LMDB file begins with zeros, so nothing of ours is taken for JSON. */
function beginsAsJson(path: string): boolean {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw new SessionError('ERR_SESSION_STORE', `the save file ${path} cannot be opened`, { cause })
  }
  try {
    const head = Buffer.alloc(HEAD_BYTES)
    const length = readSync(file, head)
    return head.toString('latin1', 0, length).trimStart().charCodeAt(0) === OPEN_BRACE
  } finally {
    closeSync(file)
  }
}

function parseSaveFile(path: string): ReadonlyMap<string, unknown> {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8'))))
  } catch (cause) {
    // The parser's message quotes the file, and that is full of session ids.
    const reason = cause instanceof SyntaxError ? 'it is not whole JSON' : String((cause as Error).message)
    throw new SessionError('ERR_SESSION_STORE', `the save file ${path} cannot be taken over: ${reason}`)
  }
}

/**
 * Finds a save file as Kado writes it, `{"sid":data,…}`, and makes way for ours. Killed at any moment, the next
 * call finds it again, until `takeoverDone`.
 *
 * @returns its sessions; `undefined`: there is nothing to take over
 * @throws SessionError ERR_SESSION_STORE when it cannot be read; it is left where it is
 */
export function takeover(path: string): ReadonlyMap<string, unknown> | undefined {
  const aside = asidePath(path)
  if (existsSync(aside)) return parseSaveFile(aside)
  if (!beginsAsJson(path)) return undefined
  const sessions = parseSaveFile(path)
  renameSync(path, aside)
  return sessions
}

export function takeoverDone(path: string): void {
  renameSync(asidePath(path), donePath(path))
}
