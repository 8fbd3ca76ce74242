import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { SessionOptionError, storeError } from '../../base/errors'
import { loadPeer } from '../../base/peer'
import { LmdbGate } from './gate'
import { guardFile } from './guard'
import { type Token, tokenCodec } from './keys'
import type { LmdbFileOptions } from './options'
import { realPath } from './real-path'

/** The part of an `lmdb` database that is used here; our own type, so that ours need no `lmdb` installed. */
export interface Dbi {
  getBinaryFast(key: Token): Uint8Array | undefined
  getRange(options: RangeOptions): Iterable<{ key: Buffer; value: Uint8Array }>
  getKeys(options: RangeOptions): Iterable<Buffer>
  put(key: Token, value: Uint8Array, version?: number, ifVersion?: number): Commit
  remove(key: Token, ifVersion?: number): Commit
  ifVersion(key: Token, version: number, writes: () => void): Commit
  ifNoExists(key: Token, writes: () => void): Commit
  resetReadTxn(): void
}

export interface RangeOptions {
  start: Uint8Array
  end?: Uint8Array
  exclusiveStart?: boolean
  limit?: number
  reverse?: boolean
}

/** `true`: committed. `false`: the condition did not hold, nothing was changed. */
type Commit = Promise<boolean>

interface Root extends Dbi {
  openDB(options: object): Dbi
  /** Calls back when the disk has everything that was committed. */
  sync(callback: (error?: unknown) => void): void
  readerCheck(): number
  close(): Promise<void>
}

interface LmdbModule {
  open(options: object): Root
  getLastVersion(): number
}

/** One opened file: the records, what is due when, whose they are, and our own notes (the prune lease). */
export interface Environment {
  readonly root: Root
  readonly records: Dbi
  readonly expiry: Dbi
  readonly owners: Dbi
  readonly notes: Dbi
  /** Which keys were changed, while somebody watches. */
  readonly journal: Dbi
  /** Of the value that was read last; valid until the next read. */
  readonly lastVersion: () => number
}

export interface OpenedFile {
  /** The real path, without symbolic links. */
  readonly path: string
  readonly gate: LmdbGate
  readonly env: Environment
}

/** @throws SessionError ERR_SESSION_PEER, ERR_SESSION_STORE; SessionOptionError when `path` is no file */
export function openEnvironment(options: LmdbFileOptions): OpenedFile {
  const lmdb = loadPeer<LmdbModule>('lmdb', 'LmdbStore', () => require('lmdb'))
  const fileMode = options.fileMode ?? 0o600
  // Who may read the file may go into its directory and into that of its gate.
  const directoryMode = fileMode | ((fileMode >> 2) & 0o111)
  try {
    const made = mkdirSync(dirname(resolve(options.path)), { recursive: true, mode: directoryMode })
    if (made !== undefined) chmodSync(dirname(resolve(options.path)), directoryMode)
    const path = realPath(options.path)
    const gate = new LmdbGate(path, directoryMode)
    return { path, gate, env: gate.whileNobodyWrites(() => openAs(fileMode, lmdb, path, options)) }
  } catch (cause) {
    if (cause instanceof SessionOptionError) throw cause
    throw storeError('open', cause)
  }
}

/** What is made here has the mode that was asked for, whatever the umask would take away from it. */
function openAs(fileMode: number, lmdb: LmdbModule, path: string, options: LmdbFileOptions): Environment {
  const made = [path, `${path}-lock`].filter((name) => !existsSync(name))
  const env = open(lmdb, path, fileMode, options)
  for (const name of made) chmodSync(name, fileMode)
  return env
}

function open(lmdb: LmdbModule, path: string, fileMode: number, options: LmdbFileOptions): Environment {
  guardFile(path)
  const root = lmdb.open({
    path,
    noSubdir: true,
    maxDbs: 8,
    maxReaders: options.maxReaders ?? 1024,
    // Sessions are secrets: lmdb's own default would let every user of the machine read them.
    permissionsMode: fileMode,
    ...(options.mapSize === undefined ? {} : { mapSize: options.mapSize }),
    // Grouping by event turn would add a write of lmdb's own whose failure nobody can catch: a full disk
    // would end the process. Our conditional writes are grouped all the same, by the turn they wait for.
    eventTurnBatching: false,
    // Lmdb's own 5 lets the first writes of a turn go ahead in a transaction of their own, and the others pay for a
    // second one: with 50 writers a third more CPU a write, and a quarter fewer writes.
    txnStartThreshold: 100,
    // With it, commits and flushes have a lock each, and when a process is killed that holds the one for flushes, lmdb
    // 3.5.6 takes the next to flush for broken too: every call of that process failed (MDB_PANIC) from then on.
    overlappingSync: false,
    // What a crash of the machine may take is the last commit, never the file: each commit flushes all before it.
    noMetaSync: options.durability !== 'disk',
  })
  const dbi = (name: string, useVersions: boolean) =>
    root.openDB({ name, useVersions, encoding: 'binary', keyEncoder: tokenCodec })
  return {
    root,
    records: dbi('records', true),
    expiry: dbi('expiry', false),
    owners: dbi('owners', false),
    notes: dbi('notes', true),
    journal: dbi('journal', false),
    lastVersion: lmdb.getLastVersion,
  }
}
