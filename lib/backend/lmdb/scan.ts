import type { Clock } from '../../base/clock'
import type { Entry, StoreKey } from '../contract'
import type { LmdbFile } from './file'
import { endOf, isPlain, nameOf, ownerPrefix, tokenOf } from './keys'

const BATCH_ENTRIES = 256
const BATCH_CHARACTERS = 1 << 20

/** Where the hashed names begin; they end where the keys do. */
const HASHED = Buffer.of(0xff)
const FIRST = Buffer.of(0)

/**
 * In the order of keys, a batch at a time, each from a fresh snapshot: nothing is held while the caller thinks, and
 * a record that stands throughout is met exactly once.
 */
export function* entries(
  file: LmdbFile,
  clock: Clock,
  prefix: string,
): Generator<[StoreKey, Entry], void, undefined> {
  file.assertOpen()
  const token = tokenOf(prefix)
  if (isPlain(token)) {
    const bytes = Buffer.from(token)
    yield* range(file, clock, prefix, bytes, endOf(bytes))
  } else {
    yield* range(file, clock, prefix, FIRST, HASHED)
  }
  yield* range(file, clock, prefix, HASHED, undefined)
}

function* range(
  file: LmdbFile,
  clock: Clock,
  prefix: string,
  first: Buffer,
  end: Buffer | undefined,
): Generator<[StoreKey, Entry], void, undefined> {
  let last: Buffer | undefined
  for (;;) {
    const batch: Array<[StoreKey, Entry]> = []
    const now = clock()
    let seen = 0
    let characters = 0
    file.records(
      {
        start: last ?? first,
        exclusiveStart: last !== undefined,
        limit: BATCH_ENTRIES,
        ...(end === undefined ? {} : { end }),
      },
      (bytes, view) => {
        seen++
        last = bytes
        const key = nameOf(bytes) ?? view.key
        if (key?.startsWith(prefix) && view.expires > now) {
          const entry = view.toEntry()
          batch.push([key, entry])
          characters += entry.body.length
        }
        return characters < BATCH_CHARACTERS
      },
    )
    if (seen === 0) return
    yield* batch
  }
}

/** Live entries of this owner, nearest deadline first. */
export function ownedBy(file: LmdbFile, now: number, owner: string): Array<[StoreKey, Entry]> {
  const prefix = ownerPrefix(owner)
  const end = endOf(prefix)
  const found: Array<[StoreKey, Entry]> = []
  for (const indexKey of file.keys('owners', { start: prefix, ...(end === undefined ? {} : { end }) })) {
    const token = indexKey.subarray(prefix.length)
    file.read(token, (record) => {
      if (!record || record.view.expires <= now) return
      const entry = record.view.toEntry()
      const key = nameOf(token) ?? record.view.key
      if (key !== undefined && entry.owner === owner) found.push([key, entry])
    })
  }
  return found.sort(([, a], [, b]) => (a.expires < b.expires ? -1 : a.expires > b.expires ? 1 : 0))
}
