// Measures one backend at one size, in a process of its own, and prints one line of JSON.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Backend, Entry } from '../lib/backend/contract'
import { MemoryBackend } from '../lib/backend/memory/backend'
import type { BackedStore } from '../lib/store/backed-store'
import { PLACES } from './scale-places'

export interface Percentiles {
  p50: number
  p99: number
}

export interface ScaleResult {
  bytesPerSession: number
  fillPerSecond: number
  /** `store.get`: a session as its users get it, parsed. */
  getUs: Percentiles
  /** `backend.read` within it: the record as text. */
  readUs: Percentiles
  loneCommitUs: Percentiles
  /** 64 writers at once. */
  groupedCommitUs: Percentiles
  groupedPerSecond: number
  pruned: number
  prunePerSecond: number
  /** Longest turn of the event loop while pruning. */
  prunePauseMs: number
  /** The same in a process that does nothing for as long: what the machine adds. */
  idlePauseMs: number
  /** Opening the backend again and reading one session. */
  restartMs: number | undefined
}

const HOUR_MS = 3_600_000
const LONE_COMMITS = 500
const GROUPED_COMMITS = 20_000
const WRITERS = 64
const FILL_AT_ONCE = 2000

const now = Date.now()

/** 24 random bytes as text, as ids are; the same for the same number. */
function keyOf(n: number): string {
  let state = (n + 1) * 0x9e3779b1
  let key = ''
  for (let i = 0; i < 4; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5
    key += `${(state >>> 0).toString(36).padStart(7, '0')}-`
  }
  return key
}

/** Some 200 bytes of JSON, as of an application with a login. */
const bodyOf = (n: number, views: number) =>
  JSON.stringify({
    cookie: { originalMaxAge: 3600000, expires: '2026-01-01T00:00:00.000Z', httpOnly: true, path: '/' },
    user: { id: n, name: `user number ${n}`, roles: ['reader', 'writer'] },
    views,
  })

/** One in ten is due an hour from now, the rest at moments of the next day. */
const entryOf = (n: number): Entry => ({
  body: bodyOf(n, 0),
  expires: now + (n % 10 === 0 ? HOUR_MS : 2 * HOUR_MS + ((n * 7919) % (24 * HOUR_MS))),
})

function percentiles(samples: number[]): Percentiles {
  samples.sort((a, b) => a - b)
  const at = (share: number) => (samples[Math.floor((samples.length - 1) * share)] ?? 0) * 1000
  return { p50: at(0.5), p99: at(0.99) }
}

const someone = (size: number) => Math.floor(Math.random() * size)

async function fill(store: BackedStore, size: number): Promise<number> {
  const started = performance.now()
  for (let n = 0; n < size; ) {
    const writes: unknown[] = []
    for (; n < size && writes.length < FILL_AT_ONCE; n++)
      writes.push(store.backend.create(store.keyOf(keyOf(n)), entryOf(n)))
    await Promise.all(writes)
  }
  return size / ((performance.now() - started) / 1000)
}

async function reads(size: number, times: number, read: (key: string) => unknown): Promise<Percentiles> {
  const samples: number[] = []
  for (let i = 0; i < times; i++) {
    const key = keyOf(someone(size))
    const started = performance.now()
    const found = await read(key)
    samples.push(performance.now() - started)
    if (!found) throw new Error('a session is missing')
    if (i % 1000 === 0) await nextTurn()
  }
  return percentiles(samples)
}

async function commit(store: BackedStore, n: number): Promise<number> {
  const { backend } = store
  const key = store.keyOf(keyOf(n))
  const seen = await backend.read(key)
  if (!seen) throw new Error('a session is missing')
  const body = bodyOf(n, Math.floor(Math.random() * 1000))
  const started = performance.now()
  await backend.replace(key, seen.body, { ...seen, body })
  return performance.now() - started
}

async function commits(
  store: BackedStore,
  size: number,
  total: number,
  writers: number,
): Promise<[Percentiles, number]> {
  const samples: number[] = []
  let left = total
  const started = performance.now()
  const writer = async () => {
    while (left-- > 0) {
      samples.push(await commit(store, someone(size)))
      // What comes from the network comes in turns of its own.
      await nextTurn()
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
  return [percentiles(samples), total / ((performance.now() - started) / 1000)]
}

/** As the store does it by itself: LMDB in batches, memory in turns of a millisecond. */
async function prune(backend: Backend): Promise<number> {
  if (!(backend instanceof MemoryBackend)) return (await backend.prune?.(now + HOUR_MS)) ?? 0
  const before = backend.size
  for (let done = 0; done < 1; done += 1 / 1024) {
    let until = performance.now() + 1
    while (!backend.sweep(now + HOUR_MS, 1 / 1024, () => performance.now() >= until)) {
      await nextTurn()
      until = performance.now() + 1
    }
    await nextTurn()
  }
  return before - backend.size
}

/** @returns what `work` gave, how long it took, and the longest turn of the event loop meanwhile */
async function watched<T>(work: () => T | Promise<T>): Promise<{ value: T; ms: number; longestMs: number }> {
  let longestMs = 0
  let over = false
  const watch = (async () => {
    let last = performance.now()
    while (!over) {
      await sleep(1)
      const time = performance.now()
      longestMs = Math.max(longestMs, time - last - 1)
      last = time
    }
  })()
  await sleep(5)
  longestMs = 0
  const started = performance.now()
  const value = await work()
  const ms = performance.now() - started
  over = true
  await watch
  return { value, ms, longestMs }
}

async function measure(name: string, size: number): Promise<ScaleResult> {
  const place = await PLACES[name]?.()
  if (!place) throw new Error(`no store is called ${name}`)
  try {
    let store = place.open()
    const fillPerSecond = await fill(store, size)
    const bytes = await place.bytes()
    let restartMs: number | undefined
    if (place.restarts) {
      await store.close()
      const started = performance.now()
      store = place.open()
      await store.get(keyOf(0))
      restartMs = performance.now() - started
    }
    const { backend } = store
    const ofKeys = (read: (key: string) => unknown) => reads(size, place.reads, read)
    await reads(Math.min(size, 1000), place.reads, (id) => store.get(id))
    const readUs = await ofKeys((key) => backend.read(store.keyOf(key)))
    const getUs = await ofKeys((id) => store.get(id))
    // The mass of pages that filling freed weighs on the first commits after it, which nobody has in production.
    await commits(store, size, GROUPED_COMMITS, WRITERS)
    const [loneCommitUs] = await commits(store, size, LONE_COMMITS, 1)
    const [groupedCommitUs, groupedPerSecond] = await commits(store, size, GROUPED_COMMITS, WRITERS)
    const pruning = await watched(() => prune(backend))
    const idling = await watched(() => sleep(pruning.ms))
    await store.close()
    return {
      bytesPerSession: bytes / size,
      fillPerSecond,
      getUs,
      readUs,
      loneCommitUs,
      groupedCommitUs,
      groupedPerSecond,
      pruned: pruning.value,
      prunePerSecond: pruning.value / (pruning.ms / 1000),
      prunePauseMs: pruning.longestMs,
      idlePauseMs: idling.longestMs,
      restartMs,
    }
  } finally {
    await place.end()
  }
}

async function main(): Promise<void> {
  const [name = 'lmdb', size = '10000'] = process.argv.slice(2)
  console.log(JSON.stringify(await measure(name, Number(size))))
}

main()
