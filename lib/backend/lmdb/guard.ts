import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { badOption } from '../../base/errors'
import { hasAllPages } from './pages'

/**
 * A meta page of LMDB's data format 2: a page header of 24 bytes, then the magic number and the format; the size of a
 * page, the roots of two trees (free pages, records), the number of the last page in use, and the transaction that wrote
 * all this. The first two pages are such.
 */
const MAGIC = 0xbeefc0de
const FORMAT = 2
const MAGIC_AT = 24
const FORMAT_AT = 28
const PAGE_BYTES_AT = 48
const FREE_ROOT_AT = 88
const MAIN_ROOT_AT = 136
const LAST_PAGE_AT = 144
const TRANSACTION_AT = 152
const BYTES = 160
const MAX_PAGE_BYTES = 65_536

/**
 * Finds out what lmdb does not survive before it is asked: it ends the process when the file, or its lock file, is
 * not one of its own, and when pages are missing at the end of the file. A file without content is a new one.
 *
 * @throws SessionOptionError when `path` is no file; Error when the file is no LMDB file of this format, or truncated
 */
export function guardFile(path: string): void {
  for (const name of [path, `${path}-lock`]) {
    const stats = statSync(name, { throwIfNoEntry: false })
    if (stats && !stats.isFile()) {
      badOption('path', 'the path of a file, which is made when absent; something else stands there', path)
    }
  }
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > 0) guardPages(path)
}

function guardPages(path: string): void {
  const file = openSync(path, 'r')
  try {
    const first = metaPage(file, 0)
    if (!first) throw new Error('the file is not an LMDB file of this format')
    const second = metaPage(file, first.pageBytes)
    const newer = second && second.transaction > first.transaction ? second : first
    const neededBytes = (newer.lastPage + 1) * first.pageBytes
    // Asked for last: the file grows before a meta page says so.
    const { size } = fstatSync(file)
    const whole = size >= neededBytes || hasAllPages(file, size, first.pageBytes, newer.roots)
    if (!second || !whole) {
      throw new Error(`the file is truncated: it has ${size} bytes of ${neededBytes}`)
    }
  } finally {
    closeSync(file)
  }
}

/**
 * @param file an LMDB file that is open for reading
 * @returns the number of the newest transaction that any process has committed
 */
export function newestTransaction(file: number): number {
  const first = metaPage(file, 0)
  const second = first && metaPage(file, first.pageBytes)
  return Math.max(first?.transaction ?? 0, second?.transaction ?? 0)
}

function metaPage(file: number, at: number) {
  const bytes = Buffer.alloc(BYTES)
  if (readSync(file, bytes, 0, BYTES, at) < BYTES) return undefined
  // Numbers stand in the byte order of the machine.
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, BYTES / 4)
  const longs = new BigUint64Array(bytes.buffer, bytes.byteOffset, BYTES / 8)
  if (words[MAGIC_AT / 4] !== MAGIC || ((words[FORMAT_AT / 4] ?? 0) & 0xffff) !== FORMAT) return undefined
  const pageBytes = words[PAGE_BYTES_AT / 4] ?? 0
  if (pageBytes < BYTES || pageBytes > MAX_PAGE_BYTES) return undefined
  return {
    pageBytes,
    roots: [longs[FREE_ROOT_AT / 8] ?? 0n, longs[MAIN_ROOT_AT / 8] ?? 0n],
    lastPage: Number(longs[LAST_PAGE_AT / 8]),
    transaction: Number(longs[TRANSACTION_AT / 8]),
  }
}
