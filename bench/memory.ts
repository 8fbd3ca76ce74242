/**
 * `npm run bench:memory`: a MemoryStore that holds a million sessions. What counts is the longest turn that letting
 * go of expired ones takes, and what a session weighs. The longest pause of the event loop is printed beside what
 * it is when nothing happens: garbage collection and the machine's other work are in both.
 */
import { setTimeout as later } from 'node:timers/promises'
import { Cookie } from '../lib/session/cookie'
import { MemoryStore } from '../lib/store/memory'

const COUNT = Number(process.env['BENCH_SESSIONS'] ?? 1_000_000)
/** How long it takes until half of the sessions have expired. */
const SPREAD_MS = Number(process.env['BENCH_MS'] ?? 20_000)
/** The store looks at all of its sessions once a minute. */
const SWEPT_MS = 75_000
const BATCH = 2000

/** Longest pause between two turns of the event loop while `work` goes on, in milliseconds. */
async function longestPause(work: () => Promise<void>): Promise<number> {
  let longest = 0
  let last = performance.now()
  let going = true
  const watch = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (going) setImmediate(watch)
  }
  setImmediate(watch)
  await work()
  going = false
  return longest
}

/** Of the heap and of the typed arrays beside it. */
function memoryUsed(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Measures each turn of the sweep from now on. */
function turnsOf(store: MemoryStore): number[] {
  const turns: number[] = []
  const { backend } = store
  const sweep = backend.sweep.bind(backend)
  backend.sweep = (...args) => {
    const start = performance.now()
    const done = sweep(...args)
    turns.push(performance.now() - start)
    return done
  }
  return turns
}

function session(maxAge: number | null): never {
  return { cookie: new Cookie({ maxAge }), user: 'ann', cart: { items: [1, 2, 3] } } as never
}

async function fill(store: MemoryStore, count: number, maxAge: () => number | null): Promise<void> {
  for (let i = 0; i < count; i += BATCH) {
    for (let k = i; k < Math.min(i + BATCH, count); k++) store.set(`${k}-${Math.random()}`, session(maxAge()))
    await later(0)
  }
}

const line = (what: string, value: string) => console.log(`${what.padEnd(58)}${value.padStart(12)}`)
const ms = (value: number) => `${value.toFixed(2)} ms`

async function main(): Promise<void> {
  const before = memoryUsed()
  const store = new MemoryStore({ max: COUNT })
  await fill(store, COUNT, () => (Math.random() < 0.5 ? 15_000 + Math.random() * SPREAD_MS : 3_600_000))
  const size = store.backend.size
  line('sessions', String(size))
  line('memory for each, garbage included', `${((memoryUsed() - before) / size).toFixed(0)} bytes`)
  line('longest pause of the loop, nothing happens', ms(await longestPause(() => later(3000).then(() => {}))))

  const turns = turnsOf(store)
  const pause = await longestPause(() => later(SWEPT_MS).then(() => {}))
  line('sessions that expired and left by themselves', String(size - store.backend.size))
  turns.sort((a, b) => a - b)
  line(`longest of ${turns.length} turns that let go of them`, ms(turns.at(-1) ?? 0))
  line('turns of which 99 in 100 are shorter than', ms(turns[Math.floor(turns.length * 0.99)] ?? 0))
  line('longest pause of the loop meanwhile', ms(pause))

  await fill(store, COUNT - store.backend.size, () => null)
  let evicted = 0
  store.on('evicted', () => evicted++)
  const pushing = await longestPause(async () => {
    for (let i = 0; i < 200; i++) {
      for (let k = 0; k < 100; k++) store.set(`${i}-${k}-${Math.random()}`, session(null))
      await later(1)
    }
  })
  line(`longest pause of the loop while ${evicted} are pushed out`, ms(pushing))
  process.exit()
}

void main()
