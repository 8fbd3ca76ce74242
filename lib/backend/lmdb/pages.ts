import { readSync } from 'node:fs'

/*
 * Pages of LMDB's data format 2. A header of 24 bytes: the number of the page, the transaction that wrote it, its flags,
 * the end of the list of nodes. The list follows; nodes are counted from the end of the header.
 */
const HEADER_BYTES = 24
const PAGE_FLAGS_AT = 18
const LIST_ENDS_AT = 20
const BRANCH = 0x01
const LEAF = 0x02
/** A page of keys of one size, which leads nowhere. */
const LEAF2 = 0x20

/** A node: the size of its data or, in a branch, the number of a page (48 bits); flags, the size of its key; both. */
const NODE_FLAGS_AT = 4
const KEY_BYTES_AT = 6
const NODE_BYTES = 8
/** The data are the number of the first page that has them, a transaction, and how many pages they are. */
const BIG_DATA = 0x01
const BIG_PAGES_AT = 16
/** The data are the description of another tree. */
const SUB_TREE = 0x02
const SUB_ROOT_AT = 40
const NO_ROOT = 0xffff_ffff_ffff_ffffn

/**
 * Whether all pages that trees lead to are in the file. It may end before the last page that was ever in use: of pages
 * that a transaction takes and gives back nothing is written.
 *
 * @param roots numbers of the first pages
 */
export function hasAllPages(
  file: number,
  sizeBytes: number,
  pageBytes: number,
  roots: readonly bigint[],
): boolean {
  const pages = BigInt(Math.floor(sizeBytes / pageBytes))
  const page = Buffer.alloc(pageBytes)
  const ahead = roots.filter((root) => root !== NO_ROOT)
  // In a damaged file pages may lead in a circle.
  let left = pages
  for (let number = ahead.pop(); number !== undefined; number = ahead.pop()) {
    if (number >= pages || left-- <= 0n) return false
    if (readSync(file, page, 0, pageBytes, Number(number) * pageBytes) < pageBytes) return false
    if (page.readBigUInt64LE(0) !== number) return false
    try {
      if (!follow(page, pages, ahead)) return false
    } catch (error) {
      // A node that is said to lie outside of its page.
      if (error instanceof RangeError) return false
      throw error
    }
  }
  return true
}

/** Adds the pages that a page leads to. @returns whether its large values, which lead nowhere, are in the file */
function follow(page: Buffer, pages: bigint, ahead: bigint[]): boolean {
  const flags = page.readUInt16LE(PAGE_FLAGS_AT)
  if (!(flags & (BRANCH | LEAF))) return false
  if (flags & LEAF2) return true
  const listEnds = HEADER_BYTES + page.readUInt16LE(LIST_ENDS_AT)
  for (let at = HEADER_BYTES; at < listEnds; at += 2) {
    const node = HEADER_BYTES + page.readUInt16LE(at)
    if (flags & BRANCH) {
      ahead.push(BigInt(page.readUIntLE(node, 6)))
      continue
    }
    const nodeFlags = page.readUInt16LE(node + NODE_FLAGS_AT)
    const data = node + NODE_BYTES + page.readUInt16LE(node + KEY_BYTES_AT)
    if (nodeFlags & BIG_DATA) {
      if (page.readBigUInt64LE(data) + page.readBigUInt64LE(data + BIG_PAGES_AT) > pages) return false
    } else if (nodeFlags & SUB_TREE) {
      const root = page.readBigUInt64LE(data + SUB_ROOT_AT)
      if (root !== NO_ROOT) ahead.push(root)
    }
  }
  return true
}
