/** Listing many sessions: others are answered meanwhile. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackedStore } from '../../lib/store/backed-store'
import { LmdbStore } from '../../lib/store/lmdb'
import { MemoryStore } from '../../lib/store/memory'
import { freshPath } from '../support/lmdb/file'

type Owner = { after(work: () => unknown): void }

const SESSIONS = 20_000
const SESSION = { cookie: { originalMaxAge: null, expires: null }, user: 'ann' } as never

const STORES: Record<string, (t: Owner) => BackedStore> = {
  MemoryStore: () => new MemoryStore(),
  LmdbStore: (t) => new LmdbStore({ path: freshPath(t), pruneInterval: 0 }),
}

/** Runs `work`, and counts the turns that the event loop takes until it is done. */
async function turnsDuring<T>(work: () => Promise<T>): Promise<[result: T, turns: number]> {
  let turns = 0
  let next = setImmediate(function count() {
    turns++
    next = setImmediate(count)
  })
  try {
    return [await work(), turns]
  } finally {
    clearImmediate(next)
  }
}

describe('listing many sessions', () => {
  for (const [name, open] of Object.entries(STORES)) {
    test(`${name}: the event loop turns meanwhile, and each session comes once`, async (t) => {
      const store = open(t)
      const ids = Array.from({ length: SESSIONS }, (_, n) => `id${n}`)
      for (let n = 0; n < SESSIONS; n += 1000) {
        await Promise.all(ids.slice(n, n + 1000).map((id) => store.set(id, SESSION)))
      }
      const [all, turns] = await turnsDuring(() => store.all())
      assert.deepEqual(Object.keys(all).sort(), ids.sort())
      assert.ok(turns >= 2, `${turns} turns`)

      // Somebody else is at work: what stands throughout comes once, what is new may come or not.
      let made = 0
      const others = setInterval(() => void store.set(`new${made++}`, SESSION), 1)
      const seen = new Map<string, number>()
      for await (const [key] of store.backend.scan?.() ?? []) seen.set(key, (seen.get(key) ?? 0) + 1)
      clearInterval(others)
      assert.ok(ids.every((id) => seen.get(id) === 1))
      assert.ok([...seen.values()].every((times) => times === 1))
      await store.close()
    })
  }
})
