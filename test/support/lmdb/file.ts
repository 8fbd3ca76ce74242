import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openEnvironment } from '../../../lib/backend/lmdb/binding'
import { EntryView } from '../../../lib/backend/lmdb/entry'
import { expiryKey, ownerKey } from '../../../lib/backend/lmdb/keys'
import { LmdbBackend, type LmdbBackendOptions } from '../../../lib/store/lmdb'

/** A path for an LMDB file in a directory of its own, which leaves with the test. */
export function freshPath(t: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'sojourn-lmdb-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'sessions.lmdb')
}

/** A backend that prunes only when told to, closed with the test. */
export function openBackend(t: Pick<TestContext, 'after'>, options: LmdbBackendOptions): LmdbBackend {
  const backend = new LmdbBackend({ pruneInterval: 0, ...options })
  t.after(() => backend.close())
  return backend
}

/**
 * Compares both indexes with the records, entry by entry.
 * @returns what is wrong, in words; and how many records there are
 */
export async function checkIndexes(path: string): Promise<{ faults: string[]; records: number }> {
  const { gate, env } = openEnvironment({ path })
  const { root, records, expiry, owners } = env
  const faults: string[] = []
  const dueKeys = new Set<string>()
  const ownerKeys = new Set<string>()
  let count = 0
  const all = { start: Buffer.of(0) }
  for (const { key, value } of records.getRange(all)) {
    const view = new EntryView(value)
    count++
    if (view.indexedAt > Math.ceil(view.expires)) faults.push('indexed later than its deadline')
    if (Number.isFinite(view.indexedAt)) dueKeys.add(expiryKey(view.indexedAt, key).toString('hex'))
    else if (Number.isFinite(view.expires)) faults.push('has a deadline and is not indexed')
    if (view.owner !== undefined) ownerKeys.add(ownerKey(view.owner, key).toString('hex'))
  }
  for (const [name, index, expected] of [
    ['expiry', expiry, dueKeys],
    ['owner', owners, ownerKeys],
  ] as const) {
    for (const key of index.getKeys(all)) {
      if (!expected.delete(key.toString('hex'))) faults.push(`${name} index lists what is not there`)
    }
    for (const _ of expected) faults.push(`${name} index lacks a record`)
  }
  await gate.whileNobodyOpens(() => root.close())
  return { faults, records: count }
}
