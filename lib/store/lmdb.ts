import { LmdbBackend } from '../backend/lmdb/backend'
import type { LmdbBackendOptions, LmdbFileOptions } from '../backend/lmdb/options'
import { warnOnce } from '../base/warnings'
import { BackedStore, type BackedStoreOptions, checkNames, splitBackedOptions } from './backed-store'

export { LmdbBackend } from '../backend/lmdb/backend'
export type { LmdbBackendOptions, LmdbFileOptions } from '../backend/lmdb/options'

export interface LmdbStoreOptions extends LmdbFileOptions, BackedStoreOptions {
  /** Put before each id to make the store key, to keep several applications apart in one file. Default: nothing. */
  prefix?: string | undefined
  /** Milliseconds that a session is kept whose cookie ends with the browser. Default: one day. */
  ttl?: number | undefined
  /** Milliseconds from one removal of expired sessions to the next, ±25 %. `0`: never by itself. Default 60,000. */
  pruneInterval?: number | undefined
}

const OPTIONS = ['durability', 'mapSize', 'maxReaders', 'fileMode', 'pruneInterval']
const DAY_MS = 86_400_000

/**
 * Sessions in one file that all processes of a machine share: the store to start with in production. It needs the
 * package `lmdb`. Reads answer at once, from memory; a write that was acknowledged survives a `kill -9`.
 *
 * Emits `pruneError` when the removal of expired sessions failed; it is tried again at the next interval. Emits
 * `fileLost` when the file was deleted, replaced or truncated under it, with the error that writes fail with from then on.
 */
export class LmdbStore extends BackedStore {
  declare readonly backend: LmdbBackend

  /**
   * @param options the path of the file, or an object with it
   * @throws TypeError ERR_SESSION_OPTION when an option is wrong
   * @throws SessionError ERR_SESSION_PEER without the package `lmdb`; ERR_SESSION_STORE when the file cannot be opened
   */
  constructor(options: string | LmdbStoreOptions) {
    const given = typeof options === 'string' ? { path: options } : options
    checkNames('LmdbStore', given, ['path'], OPTIONS)
    const [backed, file] = splitBackedOptions(given)
    const onPruneError = (error: Error) => this.#pruneFailed(error)
    const onFileLost = (error: Error) => this.#fileLost(error)
    const settings = { ...file, onPruneError, onFileLost } as LmdbBackendOptions
    super(new LmdbBackend(settings), { ttl: DAY_MS, ...backed })
  }

  #fileLost(error: Error): void {
    warnOnce('SOJOURN_LMDB_FILE', `sessions are not saved any more: ${error.message}`)
    this.emit('fileLost', error)
  }

  #pruneFailed(error: Error): void {
    warnOnce('SOJOURN_LMDB_PRUNE', `expired sessions cannot be removed, so the file grows: ${error.message}`)
    this.emit('pruneError', error)
  }
}
