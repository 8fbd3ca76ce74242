import { LmdbBackend } from '../../backend/lmdb/backend'
import { type Awaitable, ignore } from '../../base/async'
import { systemClock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { timers } from '../../base/timers'
import { textFromBytes } from './bytes'
import { Keyspace } from './keyspace'
import type { StorageSettings } from './options'
import { takeover, takeoverDone } from './save-file'

export const keyOf = (sid: string): string => textFromBytes(Buffer.from(sid))

/** The open file: what is in it, what is still to be taken over into it, and whether the disk keeps up. */
export class StorageFile {
  readonly #settings: StorageSettings
  readonly #report: (error: unknown) => void
  readonly backend: LmdbBackend
  readonly keyspace: Keyspace
  /** Sessions of a save file of Kado's that stood in the place of the file. */
  readonly found: ReadonlyMap<string, unknown> | undefined
  #ready: Promise<void> | undefined
  #interval: NodeJS.Timeout | undefined

  /** @throws SessionError ERR_SESSION_STORE, ERR_SESSION_PEER */
  constructor(settings: StorageSettings, report: (error: unknown) => void) {
    this.#settings = settings
    this.#report = report
    this.found = takeover(settings.saveFile)
    this.backend = new LmdbBackend({
      path: settings.saveFile,
      durability: settings.saveFrequencyMs === 0 ? 'disk' : 'process',
      onPruneError: report,
      onFileLost: report,
    })
    this.keyspace = new Keyspace(this.backend, systemClock)
    if (settings.saveFrequencyMs > 0) {
      this.#interval = timers.setInterval(this.#watchDisk(), settings.saveFrequencyMs).unref()
    }
    this.ready().catch(report)
  }

  /** Resolves when the save file that was found is taken over; when that failed, it is tried again. */
  ready(): Promise<void> {
    const { found } = this
    if (found === undefined) return Promise.resolve()
    this.#ready ??= this.#takeOver(found).catch((error: unknown) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  clearInterval(): void {
    timers.clearInterval(this.#interval)
  }

  async close(): Promise<void> {
    this.clearInterval()
    await this.#ready?.catch(ignore)
    await this.keyspace.settled()
    this.keyspace.close()
    await this.backend.close()
  }

  /** A session that is there already is newer: a take-over that was killed is done again from its beginning. */
  async #takeOver(sessions: ReadonlyMap<string, unknown>): Promise<void> {
    const { saveFile, durationMs } = this.#settings
    const expires = systemClock() + durationMs
    const writes: Array<Awaitable<void>> = []
    for (const [sid, data] of sessions) {
      const to = { body: JSON.stringify(data), expires }
      const write = this.keyspace.change(keyOf(sid), (current) => ({
        to: current === undefined ? to : 'keep',
        answer: undefined,
      }))
      writes.push(write)
    }
    await Promise.all(writes)
    await this.backend.flush()
    takeoverDone(saveFile)
  }

  /** LMDB starts to flush a commit as soon as it is made. This notices a disk that does not keep up with that. */
  #watchDisk(): () => void {
    let waiting = false
    const done = (): void => {
      waiting = false
    }
    return () => {
      if (waiting) {
        const late = `writes have been on the way to the disk for over ${this.#settings.saveFrequencyMs} ms`
        this.#report(new SessionError('ERR_SESSION_STORE', late))
        return
      }
      waiting = true
      this.backend.flush().catch(this.#report).finally(done)
    }
  }
}
