import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { sleep, timers } from '../../base/timers'
import { ageMs, giveToGroup, remove, saysOrHides } from './gate-files'

/**
 * Keeps opening and writing apart, across processes.
 *
 * While LMDB opens a file it reads which transaction is the newest and then, a moment later and without a lock,
 * tells all processes so. A commit that falls between the two is undone, and its pages are given out twice: with
 * two processes writing and a third opening the file 200 times, lmdb 3.5.6 lost acknowledged writes or ruined the
 * file in most runs. Closing has a like window: the last to leave destroys the locks that a newcomer just took.
 *
 * So each process marks, in a file of its own beside the database, that it is writing. Who wants to open makes the
 * file `opening`, waits until nobody writes, and opens. Who wants to write marks itself first and then looks for
 * `opening`: of two who do this at the same time, at least one sees the other.
 *
 * A mark is a sign of life as well. One that is older than `STALE_MS` belongs to a process that was killed or has
 * been frozen for long, and counts for nothing; so there is nothing to clean up after a crash.
 *
 * Several users may share the file. A mark has the permissions and the group of the database, and one that cannot be
 * read says "writing".
 */
const OPENING = 'opening'
const WRITING = '1'
const IDLE = '0'
const STALE_MS = 2000
const HEARTBEAT_MS = 400
/** How long a mark is kept after the last write, to save marking again under load. */
const LINGER_MS = 20
/** While writing goes on, how often to look whether somebody wants to open. */
const LOOK_EVERY_MS = 1
/** Marks of processes that ended without closing leave with the next opening. */
const LEFTOVER_MS = 3_600_000

const napping = new Int32Array(new SharedArrayBuffer(4))
const nap = () => Atomics.wait(napping, 0, 0, 1)

/** Marks of this thread, and the gates it holds: it cannot wait for itself. */
const ownMarks = new Set<string>()
const heldHere = new Set<string>()

export class LmdbGate {
  readonly #file: string
  readonly #directory: string
  readonly #opening: string
  readonly #name = randomBytes(9).toString('hex')
  #mark = -1
  #marked = false
  #writes = 0
  /** This gate keeps the others out. */
  #excludes = false
  #lookedMs = 0
  #waiting: Promise<void> | undefined
  #lingering: NodeJS.Timeout | undefined
  #beating: NodeJS.Timeout | undefined

  /**
   * @param file the real path of the database: by another name it would have another gate
   * @param mode permissions of the directory, which is made when absent
   */
  constructor(file: string, mode: number) {
    const directory = `${file}-gate`
    if (mkdirSync(directory, { recursive: true, mode })) {
      chmodSync(directory, mode)
      const gid = statSync(file, { throwIfNoEntry: false })?.gid
      if (gid !== undefined) giveToGroup(() => chownSync(directory, -1, gid))
    }
    this.#file = file
    this.#directory = directory
    this.#opening = join(directory, OPENING)
    ownMarks.add(this.#name)
  }

  /** Runs `open` while nobody writes, opens or closes. Blocks for as long as that takes, some milliseconds. */
  whileNobodyWrites<T>(open: () => T): T {
    // This thread is about to close: it has the file open still, and what is open already LMDB only counts.
    if (heldHere.has(this.#opening)) return open()
    let held = this.#take()
    for (let ms = 0; !held && ms < STALE_MS; ms++) {
      nap()
      held = this.#take()
    }
    try {
      for (let ms = 0; ms < STALE_MS && this.#othersWrite(); ms++) nap()
      return open()
    } finally {
      if (held) this.#giveBack()
    }
  }

  /**
   * Runs `work`, which may write, while no other gate writes, opens or closes. Who wants to, waits: what is written by
   * then is seen by whoever enters after.
   */
  async whileNobodyElseWrites<T>(work: () => Promise<T>): Promise<T> {
    let held = this.#take(false)
    for (let ms = 0; !held && ms < STALE_MS; ms++) {
      await sleep(1)
      held = this.#take(false)
    }
    this.#excludes = true
    try {
      for (let ms = 0; ms < STALE_MS && this.#othersWrite((name) => name === this.#name); ms++) await sleep(1)
      return await work()
    } finally {
      this.#excludes = false
      if (held) this.#giveBack()
    }
  }

  /** Runs `close` while nobody opens or closes, then takes this mark away. */
  async whileNobodyOpens(close: () => Promise<void>): Promise<void> {
    let held = false
    try {
      held = this.#take()
      for (let ms = 0; !held && ms < STALE_MS; ms++) {
        await sleep(1)
        held = this.#take()
      }
    } catch {
      // A disk without room for one more file must not keep anybody from closing.
    }
    try {
      await close()
    } finally {
      if (held) this.#giveBack()
      this.#unmark()
      if (this.#mark >= 0) closeSync(this.#mark)
      remove(join(this.#directory, this.#name))
      ownMarks.delete(this.#name)
    }
  }

  /** Before each write. `undefined`: go on, and `leave` afterwards; else wait for it, and ask again. */
  enter(): Promise<void> | undefined {
    const nowMs = performance.now()
    // As long as the mark stands, who came to open since the last look is waiting for it to go.
    if (this.#writes > 0 && nowMs - this.#lookedMs < LOOK_EVERY_MS) {
      this.#writes++
      return undefined
    }
    this.#markWriting()
    if (!this.#excludes && ageMs(this.#opening) < STALE_MS && !heldHere.has(this.#opening)) {
      if (this.#writes === 0) this.#unmark()
      this.#waiting ??= sleep(1).finally(() => {
        this.#waiting = undefined
      })
      return this.#waiting
    }
    this.#lookedMs = nowMs
    this.#writes++
    return undefined
  }

  leave(): void {
    if (--this.#writes > 0) return
    if (this.#waiting) this.#unmark()
    else if (this.#lingering) this.#lingering.refresh()
    else {
      const unmarkIfIdle = () => {
        if (this.#writes === 0) this.#unmark()
      }
      this.#lingering = timers.setTimeout(unmarkIfIdle, LINGER_MS).unref()
    }
  }

  #markWriting(): void {
    if (this.#marked) return
    // Gone when somebody took it for a leftover.
    if (this.#mark >= 0 && fstatSync(this.#mark).nlink === 0) {
      closeSync(this.#mark)
      this.#mark = -1
    }
    if (this.#mark < 0) this.#mark = this.#makeMark()
    writeSync(this.#mark, WRITING, 0)
    this.#marked = true
    this.#beating = timers.setInterval(() => this.#sign(WRITING), HEARTBEAT_MS).unref()
  }

  #makeMark(): number {
    const mark = openSync(join(this.#directory, this.#name), 'w', 0o600)
    const { mode, gid } = statSync(this.#file)
    if (fstatSync(mark).gid !== gid) giveToGroup(() => fchownSync(mark, -1, gid))
    fchmodSync(mark, mode & 0o666)
    return mark
  }

  #unmark(): void {
    if (!this.#marked) return
    timers.clearInterval(this.#beating)
    timers.clearTimeout(this.#lingering)
    this.#lingering = undefined
    this.#marked = false
    this.#sign(IDLE)
  }

  /** What cannot be written goes stale by itself. */
  #sign(text: string): void {
    try {
      writeSync(this.#mark, text, 0)
    } catch {}
  }

  #othersWrite(isOwn = (name: string) => ownMarks.has(name)): boolean {
    for (const name of readdirSync(this.#directory)) {
      if (name === OPENING || isOwn(name)) continue
      const mark = join(this.#directory, name)
      const age = ageMs(mark)
      if (age < STALE_MS && saysOrHides(mark, WRITING)) return true
      if (age > LEFTOVER_MS) remove(mark)
    }
    return false
  }

  /** @param forThread whether this thread's other gates go on */
  #take(forThread = true): boolean {
    try {
      closeSync(openSync(this.#opening, 'wx', 0o600))
      if (forThread) heldHere.add(this.#opening)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (ageMs(this.#opening) > STALE_MS) remove(this.#opening)
      return false
    }
  }

  #giveBack(): void {
    heldHere.delete(this.#opening)
    remove(this.#opening)
  }
}
