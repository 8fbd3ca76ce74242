import { randomInt } from 'node:crypto'
import type { Entry } from '../../backend/contract'
import { ignore } from '../../base/async'
import type { Clock } from '../../base/clock'

export interface ScanPage {
  /** What to ask for the next page with; `'0'`: there is none. */
  readonly next: string
  readonly keys: readonly string[]
}

interface OpenScan {
  readonly entries: AsyncIterator<[string, Entry]>
  /** The cursor that was asked for last and the page it got, for a client which lost the answer and asks again. */
  asked: string
  page: ScanPage
  usedAt: number
}

/** Open listings kept at a time; the one that was used least recently makes room. */
const MAX_OPEN = 256
/** A listing nobody has asked to go on for so long is given up. */
const IDLE_MS = 5 * 60_000
const MAX_CURSOR = 2 ** 47
/** A page ends here also when more keys were asked for: keys may be as long as a request. */
const MAX_PAGE_LENGTH = 1 << 20

/**
 * Redis' cursors are places in its hash table. A `Backend` lists with an iterator, so a cursor here is the number
 * of an iterator that is kept open: every key that stands there throughout comes exactly once, which is more than
 * Redis promises, and in exchange a cursor does not outlive the server.
 */
export class ScanCursors {
  readonly #list: () => AsyncIterable<[string, Entry]>
  readonly #clock: Clock
  /** By the cursor that continues it and by the one that was asked for last; in order of last use. */
  readonly #open = new Map<string, OpenScan>()
  #busy: Promise<unknown> = Promise.resolve()

  constructor(list: () => AsyncIterable<[string, Entry]>, clock: Clock) {
    this.#list = list
    this.#clock = clock
  }

  /**
   * @param cursor `'0'` to begin
   * @returns `undefined` for a cursor that is not, or no longer, open
   */
  page(cursor: string, count: number): Promise<ScanPage | undefined> {
    // One at a time: two requests with one cursor must not pull the same iterator side by side.
    const page = this.#busy.then(() => this.#turn(cursor, count))
    this.#busy = page.catch(ignore)
    return page
  }

  /** How many listings are open; for tests of the bound. */
  get size(): number {
    return this.#open.size
  }

  close(): void {
    for (const scan of new Set(this.#open.values())) this.#drop(scan)
  }

  async #turn(cursor: string, count: number): Promise<ScanPage | undefined> {
    this.#dropIdle()
    let scan = this.#open.get(cursor)
    if (scan?.asked === cursor) return scan.page
    if (scan === undefined) {
      if (cursor !== '0') return undefined
      const entries = this.#list()[Symbol.asyncIterator]()
      scan = { entries, asked: '', page: { next: '0', keys: [] }, usedAt: 0 }
    }
    this.#forget(scan)

    const keys: string[] = []
    let ended = false
    let length = 0
    while (keys.length < count && length < MAX_PAGE_LENGTH && !ended) {
      const step = await scan.entries.next()
      if (step.done) {
        ended = true
      } else {
        keys.push(step.value[0])
        length += step.value[0].length
      }
    }
    scan.asked = cursor
    scan.page = { next: ended ? '0' : String(randomInt(1, MAX_CURSOR)), keys }
    scan.usedAt = this.#clock()
    for (const known of [cursor, scan.page.next]) {
      if (known !== '0') this.#open.set(known, scan)
    }
    return scan.page
  }

  #forget(scan: OpenScan): void {
    this.#open.delete(scan.asked)
    this.#open.delete(scan.page.next)
  }

  #drop(scan: OpenScan): void {
    this.#forget(scan)
    scan.entries.return?.()?.catch(ignore)
  }

  #dropIdle(): void {
    for (const scan of this.#open.values()) {
      if (this.#open.size < MAX_OPEN && this.#clock() - scan.usedAt < IDLE_MS) return
      this.#drop(scan)
    }
  }
}
