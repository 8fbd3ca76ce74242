import { randomBytes } from 'node:crypto'
import { systemClock } from '../../base/clock'
import type { KeyNews } from '../news'
import type { Environment } from './binding'

/** The note that says until when somebody in some process watches: epoch ms as a double. */
export const WATCHED = 'watched'

const WRITER_BYTES = 6
const FIRST_SEQUENCE = 0
const LAST_SEQUENCE = 2 ** 48 - 1

export interface JournalLine {
  readonly writer: string
  readonly sequence: number
  readonly news: KeyNews
}

/** Where a line stands: each writer counts its own, and LMDB commits these in their order. */
function lineKey(writer: string, sequence: number): Buffer {
  const key = Buffer.from(`${writer}000000000000`, 'hex')
  key.writeUIntBE(sequence, WRITER_BYTES, 6)
  return key
}

/**
 * Which keys were changed, and why they ended: written in the transaction of the change, while somebody watches. Those
 * who watch read it and remove what all have read, see `LmdbFollower`.
 *
 * There is no number that all lines share, since no process runs code while it holds the lock under which such a number
 * would have to be drawn.
 */
export class Journal {
  readonly #env: Environment
  readonly #writer = randomBytes(WRITER_BYTES).toString('hex')
  #sequence = FIRST_SEQUENCE
  /** How many in this process watch: then its own writes do not ask the file. */
  watchers = 0

  constructor(env: Environment) {
    this.#env = env
  }

  /** Asked for each write, by who has entered the gate. @returns the line to write, if somebody watches */
  next(news: KeyNews): { key: Buffer; value: Buffer } | undefined {
    if (this.watchers === 0 && systemClock() >= this.#watchedUntil()) return undefined
    const { key, ended, ending } = news
    const value = JSON.stringify([key, ended ? 1 : 0, ending?.because, ending?.successor])
    return { key: lineKey(this.#writer, ++this.#sequence), value: Buffer.from(value) }
  }

  #watchedUntil(): number {
    const { notes } = this.#env
    const bytes = notes.getBinaryFast(WATCHED)
    const until = bytes ? Buffer.from(bytes.subarray(0, bytes.length)).readDoubleLE(0) : 0
    notes.resetReadTxn()
    return until
  }

  /** All who have lines in it. */
  writers(): string[] {
    const found: string[] = []
    let start = lineKey('000000000000', FIRST_SEQUENCE)
    for (;;) {
      const [key] = this.#env.journal.getKeys({ start, limit: 1 })
      if (!key) break
      const writer = key.toString('hex', 0, WRITER_BYTES)
      found.push(writer)
      start = Buffer.concat([lineKey(writer, LAST_SEQUENCE), Buffer.of(0)])
    }
    this.#env.journal.resetReadTxn()
    return found
  }

  /** The number of a writer's last line. */
  end(writer: string): number {
    const range = {
      start: lineKey(writer, LAST_SEQUENCE),
      end: lineKey(writer, FIRST_SEQUENCE),
      reverse: true,
    }
    const [key] = this.#env.journal.getKeys({ ...range, limit: 1 })
    this.#env.journal.resetReadTxn()
    return key ? key.readUIntBE(WRITER_BYTES, 6) : FIRST_SEQUENCE
  }

  /** A writer's lines behind this one, at most `limit`. */
  after(writer: string, sequence: number, limit: number): JournalLine[] {
    const start = lineKey(writer, sequence + 1)
    const range = { start, end: lineKey(writer, LAST_SEQUENCE), limit }
    const lines = Array.from(this.#env.journal.getRange(range), ({ key, value }) => ({
      writer,
      sequence: key.readUIntBE(WRITER_BYTES, 6),
      news: newsOf(value),
    }))
    this.#env.journal.resetReadTxn()
    return lines
  }

  /** The keys of a writer's first lines, up to this one. */
  keysTo(writer: string, sequence: number, limit: number): Buffer[] {
    const range = { start: lineKey(writer, FIRST_SEQUENCE), end: lineKey(writer, sequence + 1), limit }
    const keys = Array.from(this.#env.journal.getKeys(range))
    this.#env.journal.resetReadTxn()
    return keys
  }

  /** Removes lines; inside of a write of `LmdbFile`. */
  remove(keys: readonly Buffer[]): Promise<unknown> {
    return Promise.all(keys.map((key) => this.#env.journal.remove(key)))
  }
}

function newsOf(value: Uint8Array): KeyNews {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString()
  const [key, ended, because, successor] = JSON.parse(text)
  return {
    key,
    ended: ended === 1,
    ending: because ? { because, successor: successor ?? undefined } : undefined,
  }
}
