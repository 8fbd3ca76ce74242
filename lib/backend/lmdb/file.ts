import { SessionError, storeError } from '../../base/errors'
import { sleep } from '../../base/timers'
import type { KeyNews } from '../news'
import { type Environment, openEnvironment, type RangeOptions } from './binding'
import { conditional, NOTHING, newVersion, reasonOf } from './commits'
import { EntryView } from './entry'
import type { LmdbGate } from './gate'
import { newestTransaction } from './guard'
import { Journal } from './journal'
import type { Token } from './keys'
import type { LmdbFileOptions } from './options'
import { FileWatch } from './watch'
import type { WriteSet } from './write-set'

/** A record as it stands now. Valid until the next read of the file. */
export interface Found {
  readonly view: EntryView
  /** Drawn anew at each write: a record that was removed and made again never has its old one. */
  readonly version: number
}

/** Far more than a thread needs for its last steps after it has said that a write is done. */
const THREAD_ENDS_MS = 5

/** Reads and conditional writes on the one file, with errors of our own and an end. */
export class LmdbFile {
  readonly #env: Environment
  readonly #gate: LmdbGate
  readonly #watch: FileWatch
  readonly journal: Journal
  /** Writes that are not answered yet. */
  #writes = 0
  #together = false
  #whenIdle: (() => void) | undefined
  #closing: Promise<void> | undefined

  /** @param onLost told when the file is deleted, replaced or truncated while it is open */
  constructor(options: LmdbFileOptions, onLost: (error: SessionError) => void) {
    const { path, gate, env } = openEnvironment(options)
    this.#watch = new FileWatch(path, onLost)
    this.#gate = gate
    this.#env = env
    this.journal = new Journal(env)
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** @throws SessionError ERR_SESSION_CLOSED */
  assertOpen(): void {
    if (this.closed) throw new SessionError('ERR_SESSION_CLOSED', 'the LMDB store has been closed')
  }

  /** @throws SessionError ERR_SESSION_CLOSED; ERR_SESSION_STORE where the file was taken away */
  assertReadable(): void {
    this.assertOpen()
    this.#watch.assertReadable()
  }

  /**
   * The newest committed record, of whichever process. The snapshot that lmdb reads from lasts up to a turn of the
   * event loop; letting go of it after each read costs 0.2 µs and means that a client who has had its answer from
   * another process never meets the state from before, and that a busy loop holds back no free pages. Within
   * `together` it is kept.
   */
  read<T>(token: Token, take: (found: Found | undefined) => T): T {
    this.assertReadable()
    const { records, lastVersion } = this.#env
    try {
      const bytes = records.getBinaryFast(token)
      return take(bytes && { view: new EntryView(bytes), version: lastVersion() })
    } catch (cause) {
      throw storeError('read', cause)
    } finally {
      if (!this.#together) records.resetReadTxn()
    }
  }

  /** Reads that `work` makes before it returns share a snapshot: taking one costs as much as reading a record. */
  together(work: () => void): void {
    this.#together = true
    try {
      work()
    } finally {
      this.#together = false
      if (!this.closed) this.#env.records.resetReadTxn()
    }
  }

  note(token: Token): { bytes: Buffer; version: number } | undefined {
    this.assertReadable()
    const { notes, lastVersion } = this.#env
    const bytes = notes.getBinaryFast(token)
    const found = bytes && { bytes: Buffer.from(bytes.subarray(0, bytes.length)), version: lastVersion() }
    notes.resetReadTxn()
    return found
  }

  records(range: RangeOptions, each: (key: Buffer, view: EntryView) => boolean): void {
    this.assertReadable()
    const { records } = this.#env
    try {
      for (const { key, value } of records.getRange(range)) if (!each(key, new EntryView(value))) break
    } catch (cause) {
      throw storeError('scan', cause)
    } finally {
      records.resetReadTxn()
    }
  }

  keys(index: 'expiry' | 'owners', range: RangeOptions): Buffer[] {
    this.assertReadable()
    const dbi = this.#env[index]
    try {
      return Array.from(dbi.getKeys(range))
    } catch (cause) {
      throw storeError('scan', cause)
    } finally {
      dbi.resetReadTxn()
    }
  }

  /**
   * All of `change` or nothing. LMDB checks the condition while it alone may write, across processes.
   * @param seen the version the change was decided from; `undefined`: there was no record
   * @returns `false`: the record is not that one any more
   */
  commit(operation: string, seen: number | undefined, change: WriteSet, news?: KeyNews): Promise<boolean> {
    this.assertOpen()
    const { records, expiry, owners, journal } = this.#env
    const { token, value, unindex, index, disown, own } = change
    return this.#settle(operation, () => {
      const version = newVersion()
      const line = news && this.journal.next(news)
      if (value && seen !== undefined && !unindex && !index && !disown && !own && !line) {
        return records.put(token, value, version, seen)
      }
      return conditional(records, token, seen, () => {
        if (value) records.put(token, value, version)
        else records.remove(token)
        if (unindex) expiry.remove(unindex)
        if (index) expiry.put(index, NOTHING)
        if (disown) owners.remove(disown)
        if (own) owners.put(own, NOTHING)
        if (line) journal.put(line.key, line.value)
      })
    })
  }

  whileNobodyElseWrites(work: () => Promise<void>): Promise<void> {
    this.assertOpen()
    return this.#gate.whileNobodyElseWrites(work)
  }

  transaction(): number {
    this.assertOpen()
    return this.#watch.read(newestTransaction)
  }

  removeLines(keys: readonly Buffer[]): Promise<boolean> {
    return this.#settle('prune', async () => Boolean(await this.journal.remove(keys)))
  }

  /** Drops an index key that leads nowhere, on the condition that this is still so. */
  dropIndexKey(token: Token, seen: number | undefined, indexKey: Uint8Array): Promise<boolean> {
    const { records, expiry } = this.#env
    return this.#settle('prune', () => conditional(records, token, seen, () => expiry.remove(indexKey)))
  }

  setNote(token: Token, seen: number | undefined, bytes: Uint8Array | undefined): Promise<boolean> {
    this.assertOpen()
    const { notes } = this.#env
    return this.#settle('prune', () =>
      conditional(notes, token, seen, () => {
        if (bytes) notes.put(token, bytes, newVersion())
        else notes.remove(token)
      }),
    )
  }

  /** Whether the file was taken away; looks. */
  get lost(): boolean {
    return this.#watch.lost
  }

  /** Frees what processes that died while reading held back. */
  dropDeadReaders(): void {
    if (!this.closed) this.#env.root.readerCheck()
  }

  /** Waits until the disk has what was committed before. */
  async flush(): Promise<void> {
    this.assertOpen()
    this.#watch.assertWritable(this.#writes > 0)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#env.root.sync((error) => (error ? reject(error) : resolve()))
      })
    } catch (cause) {
      throw storeError('flush', await reasonOf(cause))
    }
  }

  /** Waits for what was written before, then lets go of the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.#gate.whileNobodyOpens(async () => {
        if (this.#writes > 0) {
          await new Promise<void>((resolve) => {
            this.#whenIdle = resolve
          })
        }
        // Lmdb 3.5 frees the file without asking whether the thread that has just answered is through.
        await sleep(THREAD_ENDS_MS)
        this.#watch.close()
        await this.#env.root.close()
      })
    } catch (cause) {
      throw storeError('close', await reasonOf(cause))
    }
  }

  async #settle(operation: string, write: () => Promise<boolean>): Promise<boolean> {
    this.#watch.assertWritable(this.#writes > 0)
    try {
      for (let busy = this.#gate.enter(); busy; busy = this.#gate.enter()) {
        await busy
        this.assertOpen()
        this.#watch.assertWritable(this.#writes > 0)
      }
    } catch (cause) {
      throw storeError(operation, cause)
    }
    try {
      this.#writes++
      return await write()
    } catch (error) {
      throw storeError(operation, await reasonOf(error))
    } finally {
      if (--this.#writes === 0) this.#whenIdle?.()
      this.#gate.leave()
    }
  }
}
