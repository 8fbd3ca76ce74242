import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { badOption } from '../../base/errors'

/** A meta page of LMDB's data format 2: a page header of 24 bytes, then the magic number and the format. */
const MAGIC = 0xbeefc0de
const FORMAT = 2
const MAGIC_AT = 24
const FORMAT_AT = 28
const BYTES = 32

/**
 * Finds out what lmdb does not survive before it is asked: it ends the process when the file, or its lock file, is
 * not one of its own. A file without content is a new one.
 *
 * @throws SessionOptionError when `path` is no file; Error when the file is no LMDB file of this format
 */
export function guardFile(path: string): void {
  for (const name of [path, `${path}-lock`]) {
    const stats = statSync(name, { throwIfNoEntry: false })
    if (stats && !stats.isFile()) {
      badOption('path', 'the path of a file, which is made when absent; something else stands there', path)
    }
  }
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > 0 && !isLmdb(path)) throw new Error('the file is not an LMDB file of this format')
}

function isLmdb(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(BYTES)
    readSync(file, bytes, 0, BYTES, 0)
    // Numbers stand in the byte order of the machine.
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, BYTES / 4)
    return words[MAGIC_AT / 4] === MAGIC && ((words[FORMAT_AT / 4] ?? 0) & 0xffff) === FORMAT
  } finally {
    closeSync(file)
  }
}
