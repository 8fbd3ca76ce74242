import { closeSync, openSync, type Stats, statSync } from 'node:fs'
import { type SessionError, storeError } from '../../base/errors'

/** Reads look at the file as often at most; a look costs as much as some reads. */
const READS_LOOK_EVERY_MS = 5
/** As often while other writes are under way; a lone write always looks. */
const WRITES_LOOK_EVERY_MS = 1

const WHAT = {
  deleted: 'the file was deleted while it was open',
  replaced: 'another file was put in the place of the open one',
  truncated: 'the file was truncated while it was open',
} as const

type Loss = keyof typeof WHAT

/**
 * Notices when the file is taken away from under an open store. What is written to a file without a name is lost with
 * the last process that has it open; and a read of the memory map beyond the end of a file ends the process.
 *
 * Reads of a deleted file go on: it is whole, and nobody can write anything newer.
 */
export class FileWatch {
  readonly #path: string
  readonly #onLost: (error: SessionError) => void
  readonly #device: number
  readonly #inode: number
  /** LMDB's file never shrinks. */
  #sizeBytes: number
  #loss: Loss | undefined
  #told: Loss | undefined
  #lookedMs = 0
  #file: number | undefined

  /** @param onLost told once of each thing that happens to the file, after the present turn */
  constructor(path: string, onLost: (error: SessionError) => void) {
    const { dev, ino, size } = statSync(path)
    this.#path = path
    this.#onLost = onLost
    this.#device = dev
    this.#inode = ino
    this.#sizeBytes = size
  }

  /** @throws SessionError ERR_SESSION_STORE when there is nothing to read, or something newer elsewhere */
  assertReadable(): void {
    const nowMs = performance.now()
    if (nowMs - this.#lookedMs >= READS_LOOK_EVERY_MS) this.#look(nowMs)
    if (this.#loss && this.#loss !== 'deleted') throw lost(this.#loss)
  }

  /** @throws SessionError ERR_SESSION_STORE when what would be written is lost */
  assertWritable(othersUnderWay: boolean): void {
    const nowMs = performance.now()
    if (!othersUnderWay || nowMs - this.#lookedMs >= WRITES_LOOK_EVERY_MS) this.#look(nowMs)
    if (this.#loss) throw lost(this.#loss)
  }

  /** Reads what no lmdb call tells, through a handle of our own. */
  read<T>(read: (file: number) => T): T {
    this.#file ??= openSync(this.#path, 'r')
    return read(this.#file)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  /** Whether anything of this has happened. */
  get lost(): boolean {
    this.#look(performance.now())
    return this.#loss !== undefined
  }

  #look(nowMs: number): void {
    this.#lookedMs = nowMs
    // A file that was truncated once is not whole again when it has grown.
    if (this.#loss === 'truncated') return
    this.#loss = this.#lossNow()
    if (this.#loss && this.#loss !== this.#told) process.nextTick(this.#onLost, lost(this.#loss))
    this.#told = this.#loss
  }

  #lossNow(): Loss | undefined {
    let stats: Stats | undefined
    try {
      stats = statSync(this.#path, { throwIfNoEntry: false })
    } catch {
      // A directory that may not be looked into any more: nothing is known to have happened.
      return this.#loss
    }
    if (!stats) return 'deleted'
    if (stats.ino !== this.#inode || stats.dev !== this.#device) return 'replaced'
    if (stats.size < this.#sizeBytes) return 'truncated'
    this.#sizeBytes = stats.size
    return undefined
  }
}

function lost(loss: Loss): SessionError {
  return storeError('access', new Error(`${WHAT[loss]}; open a new store`))
}
