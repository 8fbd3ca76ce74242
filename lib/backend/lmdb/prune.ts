import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock'
import { Repeat } from '../../base/repeat'
import { nextTurn } from '../../base/timers'
import type { LmdbFile } from './file'
import { expiryKey, expiryKeyMs, expiryKeyToken, indexMs } from './keys'
import { indexingAnew, removing } from './write-set'

const BATCH_KEYS = 128
const BATCH_BUDGET_MS = 1
const LEASE = 'prune'
const LEASE_MS = 10_000
const FIRST = Buffer.alloc(6)

/**
 * Drops expired records in the order of their deadlines: small batches, each its own commit, with turns of the
 * event loop between them. One process at a time does it, by a lease in the file that lapses if the process dies.
 */
export class LmdbPruner {
  readonly #file: LmdbFile
  readonly #clock: Clock
  readonly #holder = randomBytes(8)
  #repeat: Repeat | undefined
  #running: Promise<number> = Promise.resolve(0)
  #stopped = false

  constructor(file: LmdbFile, clock: Clock) {
    this.#file = file
    this.#clock = clock
  }

  /** @returns how many records it dropped; 0 when another process is at it */
  prune(now: number): Promise<number> {
    this.#file.assertOpen()
    const run = this.#running.catch(() => 0).then(() => this.#run(now))
    this.#running = run
    return run
  }

  start(intervalMs: number, onError: (error: Error) => void): void {
    if (intervalMs === 0) return
    this.#repeat = new Repeat({
      intervalMs,
      work: async () => {
        // That is told as what it is.
        if (this.#file.lost) return
        this.#file.dropDeadReaders()
        await this.prune(this.#clock())
      },
      onError: (error) => onError(error as Error),
    })
  }

  stop(): void {
    this.#stopped = true
    this.#repeat?.stop()
  }

  async #run(now: number): Promise<number> {
    let dropped = 0
    let held = false
    const end = expiryKey(indexMs(Math.floor(now)) + 1, '')
    while (!this.#stopped && now >= 0) {
      const due = this.#file.keys('expiry', { start: FIRST, end, limit: BATCH_KEYS })
      if (due.length === 0) break
      if (!(await this.#hold())) return dropped
      held = true
      dropped += await this.#batch(due, now)
      await nextTurn()
    }
    if (held && !this.#stopped) await this.#letGo()
    return dropped
  }

  async #batch(due: Buffer[], now: number): Promise<number> {
    const startedMs = performance.now()
    const drops: Promise<boolean>[] = []
    const moves: Promise<boolean>[] = []
    for (const [n, indexKey] of due.entries()) {
      if (n % 16 === 15 && performance.now() - startedMs > BATCH_BUDGET_MS) break
      const token = expiryKeyToken(indexKey)
      this.#file.read(token, (found) => {
        if (!found || found.view.indexedAt !== expiryKeyMs(indexKey)) {
          moves.push(this.#file.dropIndexKey(token, found?.version, indexKey))
        } else if (found.view.expires <= now) {
          drops.push(this.#file.commit('prune', found.version, removing(token, found.view)))
        } else {
          moves.push(this.#file.commit('prune', found.version, indexingAnew(token, found.view)))
        }
      })
    }
    const [dropped] = await Promise.all([Promise.all(drops), Promise.all(moves)])
    return dropped.filter(Boolean).length
  }

  /** Takes or renews the lease. `false`: another process has it. */
  async #hold(): Promise<boolean> {
    const note = this.#file.note(LEASE)
    const now = this.#clock()
    if (note) {
      const untilMs = note.bytes.readDoubleLE(0)
      const mine = this.#holder.equals(note.bytes.subarray(8))
      if (mine && untilMs - now > LEASE_MS / 2) return true
      // One that ends far ahead was taken before the clock was set back; it must not stop us for that long.
      if (!mine && untilMs > now && untilMs < now + 2 * LEASE_MS) return false
    }
    const lease = Buffer.alloc(16)
    lease.writeDoubleLE(now + LEASE_MS, 0)
    lease.set(this.#holder, 8)
    return this.#file.setNote(LEASE, note?.version, lease)
  }

  async #letGo(): Promise<void> {
    const note = this.#file.note(LEASE)
    if (note && this.#holder.equals(note.bytes.subarray(8))) {
      await this.#file.setNote(LEASE, note.version, undefined)
    }
  }
}
