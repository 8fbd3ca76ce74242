/**
 * How many maps the records are spread over. One map of a million entries is rehashed in one go when it grows or
 * shrinks, which stops the process for 100 ms; a map of a thousand takes a fraction of one.
 */
export const SHARDS = 1024

/** FNV-1a over the last characters, which differ in random ids as well as in counted ones. */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = Math.max(0, key.length - 8); i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  }
  return (hash ^ (hash >>> 15)) & (SHARDS - 1)
}
