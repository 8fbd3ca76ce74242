import { ignore } from '../../base/async'
import { systemClock } from '../../base/clock'
import { timers } from '../../base/timers'
import type { NewsListener } from '../news'
import type { LmdbFile } from './file'
import { WATCHED } from './journal'

/** How often the file is asked whether anything has happened: two reads of eight bytes. */
const LOOK_MS = 25
/** How long the file says "watched" after a sign of life: a watcher that was killed costs no longer. */
const WATCHED_MS = 10_000
const HEARTBEAT_MS = 2000
/** One that has not looked for so long has to expect that lines have gone which it has not read. */
const STALLED_MS = 3000
/** Heartbeats after which a line that was read is removed: every other process has read it by then, or has stalled. */
const KEEP_HEARTBEATS = 2
const BATCH = 1000

/** Follows the journal of a file for one listener. */
export class LmdbFollower {
  readonly #file: LmdbFile
  readonly #prefix: string
  readonly #listener: NewsListener
  /** Each writer's line that was read last. */
  #read = new Map<string, number>()
  /** As it was at the last heartbeats, oldest first. */
  #readBefore: Array<Map<string, number>> = []
  #transaction = -1
  #lookedMs = 0
  #beatMs = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(file: LmdbFile, prefix: string, listener: NewsListener) {
    this.#file = file
    this.#prefix = prefix
    this.#listener = listener
  }

  async start(): Promise<void> {
    this.#file.journal.watchers++
    try {
      await this.#begin()
    } catch (error) {
      this.stop()
      throw error
    }
    this.#schedule()
  }

  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#file.journal.watchers--
    timers.clearTimeout(this.#timer)
  }

  /** From here on every process writes lines, and all lines so far are behind us. */
  async #begin(): Promise<void> {
    const isWatched = this.#watchedUntil() > systemClock() + HEARTBEAT_MS
    if (isWatched) await this.#sign()
    else await this.#file.whileNobodyElseWrites(() => this.#sign())
    const { journal } = this.#file
    this.#read = new Map(journal.writers().map((writer) => [writer, journal.end(writer)]))
    this.#readBefore = []
    this.#transaction = -1
    this.#lookedMs = performance.now()
    this.#beatMs = this.#lookedMs
  }

  #watchedUntil(): number {
    return this.#file.note(WATCHED)?.bytes.readDoubleLE(0) ?? 0
  }

  /** Another one may be signing: then it stands. */
  async #sign(): Promise<void> {
    const until = Buffer.alloc(8)
    until.writeDoubleLE(systemClock() + WATCHED_MS)
    await this.#file.setNote(WATCHED, this.#file.note(WATCHED)?.version, until)
  }

  #schedule(): void {
    if (this.#isStopped) return
    this.#timer = timers.setTimeout(() => this.#turn().catch(ignore), LOOK_MS)
    this.#timer.unref?.()
  }

  async #turn(): Promise<void> {
    try {
      const now = performance.now()
      const hasStalled = now - this.#lookedMs > STALLED_MS || this.#watchedUntilMissed(now)
      if (hasStalled) {
        await this.#begin()
        if (!this.#isStopped) this.#listener('gap')
      } else if (this.#look()) this.#lookedMs = now
      if (now - this.#beatMs > HEARTBEAT_MS) await this.#beat(now)
    } finally {
      // What fails is tried again, and is a gap when it has failed for long.
      if (!this.#file.closed) this.#schedule()
    }
  }

  /** The machine may have slept, of which a monotonic clock knows nothing. */
  #watchedUntilMissed(now: number): boolean {
    return now - this.#beatMs > HEARTBEAT_MS && this.#watchedUntil() <= systemClock()
  }

  /** @returns whether all is read */
  #look(): boolean {
    const transaction = this.#file.transaction()
    if (transaction === this.#transaction) return true
    const { journal } = this.#file
    this.#file.assertReadable()
    let isAll = true
    for (const writer of journal.writers()) {
      const lines = journal.after(writer, this.#read.get(writer) ?? 0, BATCH)
      for (const { sequence, news } of lines) {
        this.#read.set(writer, sequence)
        if (news.key.startsWith(this.#prefix)) this.#listener(news)
        if (this.#isStopped) return true
      }
      if (lines.length === BATCH) isAll = false
    }
    if (isAll) this.#transaction = transaction
    return isAll
  }

  async #beat(now: number): Promise<void> {
    this.#beatMs = now
    await this.#sign()
    this.#readBefore.push(new Map(this.#read))
    if (this.#readBefore.length <= KEEP_HEARTBEATS) return
    for (const [writer, sequence] of this.#readBefore.shift() ?? []) {
      const keys = this.#file.journal.keysTo(writer, sequence, 10 * BATCH)
      if (keys.length > 0) await this.#file.removeLines(keys)
    }
  }
}
