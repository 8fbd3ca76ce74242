import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { systemClock } from '../../base/clock'
import { SessionError } from '../../base/errors'
import { warnOnce } from '../../base/warnings'
import { keyOf, StorageFile } from './file'
import { RespServer } from './listener'
import * as settings from './options'

/**
 * Keeps sessions for the processes of one or several machines, in one LMDB file, and speaks the Redis protocol: any
 * Redis client is a client of it.
 *
 * A write that was answered survives `kill -9`. Emits `error` when the file cannot be written; with no listener that
 * becomes one process warning, for the clients have been told.
 */
export class SessionStorage extends EventEmitter {
  readonly host: string
  readonly port: number
  readonly saveFile: string
  readonly saveFrequency: number
  readonly #settings: settings.StorageSettings
  /** Saved through `save()` and not yet committed. */
  readonly #unwritten = new Map<string, string>()
  #file: StorageFile | undefined
  #server: RespServer | undefined
  #intervalCleared = false
  #closing: Promise<void> | undefined

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  static create(options: settings.SessionStorageOptions): SessionStorage {
    return new SessionStorage(options)
  }

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  constructor(options: settings.SessionStorageOptions) {
    super()
    this.#settings = settings.storageSettings(options)
    this.host = this.#settings.host
    this.port = this.#settings.port
    this.saveFile = this.#settings.saveFile
    this.saveFrequency = this.#settings.saveFrequencyMs
  }

  /** Where it listens; `undefined` while it does not. */
  address(): { address: string; port: number } | undefined {
    return this.#server?.address()
  }

  /**
   * Opens the file, takes over a save file of Kado's that stands there, and listens.
   *
   * @param port instead of the option
   * @param host instead of the option
   * @returns resolves to this storage when clients can connect
   * @throws TypeError ERR_SESSION_OPTION beyond loopback without a password
   * @throws SessionError ERR_SESSION_STORE, ERR_SESSION_PEER when the file cannot be opened; ERR_SESSION_USAGE
   * when it listens already
   */
  async listen(port?: number | string, host?: string | null): Promise<this> {
    const listenPort = settings.portOf(port ?? this.port)
    const listenHost = settings.hostOf(host ?? this.host)
    await this.#open().ready()
    await this.#serve().listen(listenPort, listenHost)
    return this
  }

  /** Serves a socket that was accepted elsewhere. */
  handleSocket(socket: Socket): void {
    this.#serve().handleSocket(socket)
  }

  /** Keeps `data` under `sid` for `duration`. It is visible at once and on its way to the disk. */
  save(sid: string, data: object): this {
    const { keyspace } = this.#open()
    const key = keyOf(sid)
    const body = JSON.stringify(data)
    const expires = systemClock() + this.#settings.durationMs
    this.#unwritten.set(key, body)
    const write = async (): Promise<void> => {
      try {
        await keyspace.change(key, () => ({ to: { body, expires }, answer: undefined }))
      } finally {
        if (this.#unwritten.get(key) === body) this.#unwritten.delete(key)
      }
    }
    write().catch(this.#report)
    return this
  }

  /** @returns the data of this session; an empty object when there is none */
  restore(sid: string): Record<string, unknown> {
    const { backend } = this.#open()
    const key = keyOf(sid)
    return parsed(this.#unwritten.get(key) ?? backend.read(key)?.body)
  }

  /** @returns resolves when everything that was saved before this call is on the disk */
  async saveToDisk(): Promise<void> {
    const file = this.#open()
    await file.ready()
    await file.keyspace.settled()
    await file.backend.flush()
  }

  /**
   * Opens the file, and takes over a save file of Kado's that stands there.
   *
   * @returns all sessions by id, read at once: for a look at a small file. `listen` does without it.
   * @throws SessionError ERR_SESSION_STORE when the file can be neither opened nor taken over
   */
  restoreFromDisk(): Record<string, unknown> {
    const { backend, found } = this.#open()
    const sessions: Record<string, unknown> = Object.create(null)
    for (const [key, { body }] of backend.entries()) sessions[key] = parsed(body)
    for (const [sid, data] of found ?? []) sessions[sid] ??= data
    return sessions
  }

  /** Stops the regular look at whether writes reach the disk. Writes go on reaching it. */
  clearInterval(): void {
    this.#intervalCleared = true
    this.#file?.clearInterval()
  }

  /**
   * Takes no clients and no requests any more, answers the requests under way, closes the connections, and lets go
   * of the file when everything is on the disk. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#server?.close()
    await this.#file?.close()
  }

  #open(): StorageFile {
    if (this.#closing !== undefined) {
      throw new SessionError('ERR_SESSION_CLOSED', 'the session storage has been closed')
    }
    if (this.#file === undefined) {
      this.#file = new StorageFile(this.#settings, this.#report)
      if (this.#intervalCleared) this.#file.clearInterval()
    }
    return this.#file
  }

  #serve(): RespServer {
    const { keyspace } = this.#open()
    this.#server ??= new RespServer({ ...this.#settings, keyspace, onFailure: this.#report })
    return this.#server
  }

  readonly #report = (error: unknown): void => {
    const failure = error instanceof Error ? error : new Error(String(error))
    if (this.listenerCount('error') > 0) this.emit('error', failure)
    else warnOnce('SOJOURN_STORAGE', `the session storage failed: ${failure.message}`)
  }
}

function parsed(body: string | undefined): Record<string, unknown> {
  if (body === undefined) return {}
  try {
    const data: unknown = JSON.parse(body)
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
