import { ignore } from '../../base/async'
import { type Clock, systemClock } from '../../base/clock'
import { badOption } from '../../base/errors'

export interface LmdbFileOptions {
  /**
   * The file. It is made when absent, as is its directory; a file ending in `-lock` and a directory ending in `-gate`
   * stand beside it. It has to be on a local disk: LMDB shares memory between processes, which no network file
   * system does. Only this store may open it while others write: see `LmdbGate`.
   */
  path: string
  /**
   * When a write counts as done. `'process'` (default): when it is committed; it then survives the death of the
   * process, also by `kill -9`. A power failure may undo the commits of the last moment, and leaves a whole file.
   * `'disk'`: when the disk has confirmed it too; it then survives a power failure, and takes half as long again.
   */
  durability?: 'process' | 'disk' | undefined
  /** Bytes of address space to reserve at open. The file grows past it by itself. Default: chosen by lmdb. */
  mapSize?: number | undefined
  /** How many processes and threads can have the file open at once. Default 1024. */
  maxReaders?: number | undefined
  /** Permissions of the files that are made, whatever the umask. Default `0o600`: sessions are secrets. */
  fileMode?: number | undefined
}

export interface LmdbBackendOptions extends LmdbFileOptions {
  /** Milliseconds from one removal of expired records to the next, ±25 %. `0`: only by `prune()`. Default 60,000. */
  pruneInterval?: number | undefined
  /** Told of a removal of expired records that failed; the next one is tried all the same. */
  onPruneError?: ((error: Error) => void) | undefined
  /** Told when the file is deleted, replaced or truncated while it is open, after which writes fail. */
  onFileLost?: ((error: Error) => void) | undefined
  /** Where the time comes from. Default `Date.now`. */
  clock?: Clock | undefined
}

export interface LmdbSettings extends LmdbFileOptions {
  readonly pruneIntervalMs: number
  readonly onPruneError: (error: Error) => void
  readonly onFileLost: (error: Error) => void
  readonly clock: Clock
}

/** The longest that a timer of Node can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** @throws SessionOptionError */
export function lmdbSettings(options: LmdbBackendOptions): LmdbSettings {
  if (typeof options !== 'object' || options === null) badOption('path', 'an object with a path', options)
  const { path, durability = 'process', mapSize, maxReaders, fileMode } = options
  const { pruneInterval = 60_000, onPruneError = ignore, onFileLost = ignore, clock = systemClock } = options
  if (typeof path !== 'string' || path === '') badOption('path', 'the path of a file', path)
  if (durability !== 'process' && durability !== 'disk')
    badOption('durability', "'process' or 'disk'", durability)
  whole('mapSize', 'bytes', mapSize, 2 ** 47)
  whole('maxReaders', 'a number of readers', maxReaders, 2 ** 20)
  whole('fileMode', 'permissions', fileMode, 0o777)
  // The jitter adds up to a quarter.
  if (pruneInterval !== 0) whole('pruneInterval', '0, or milliseconds', pruneInterval, MAX_TIMER_MS / 1.25)
  return Object.freeze({
    path,
    durability,
    mapSize,
    maxReaders,
    fileMode,
    pruneIntervalMs: pruneInterval,
    onPruneError,
    onFileLost,
    clock,
  })
}

function whole(name: string, what: string, value: unknown, max: number): void {
  if (value === undefined) return
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= max) return
  badOption(name, `${what} as a positive whole number up to ${Math.floor(max)}`, value)
}
