import type { ConnectionOptions } from 'node:tls'
import { badOption, SessionError } from '../../base/errors'
import type { Data } from '../../record/text'
import { DEFAULT_PORT, hostOf, milliseconds, portOf } from '../server/options'
import { ReplyError } from './reply-parser'
import { RespClient } from './resp-client'
import { type AtomicStore, type Merge, parseKept, SessionStore, type SessionStoreOptions } from './store'
import { UpdateBatches } from './update-batches'

export interface SessionStoreLocalOptions extends SessionStoreOptions {
  /** Where the `SessionStorage` listens. Default `localhost`. */
  host?: string | undefined
  /** Default 3001. */
  port?: number | string | undefined
  /** The server's `requirepass`. Default: none. */
  password?: string | undefined
  /** To connect over TLS: options of `tls.connect`. Default: plain TCP. */
  tls?: ConnectionOptions | undefined
  /**
   * Milliseconds after which a command that is not answered has failed, and so has a save that kept losing to other
   * processes. Default 5,000.
   */
  storeTimeout?: number | undefined
}

/** A session that has used up less of its time than this is not worth a write. */
const FRESH = 0.9
/**
 * Sessions in a `SessionStorage` server, shared by all processes that connect to it. A Redis from 8.4 or a Valkey from
 * 8.1 serves as well: they have compare-and-swap in `SET`.
 */
export class SessionStoreLocal extends SessionStore implements AtomicStore {
  readonly host: string
  readonly port: number
  readonly #client: RespClient
  readonly #timeoutMs: number
  readonly #batches = new UpdateBatches((sid, merge) => this.#commit(sid, merge))

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong */
  constructor(options: SessionStoreLocalOptions = {}) {
    super(options)
    const { password, tls } = options
    this.host = hostOf(options.host ?? 'localhost')
    this.port = portOf(options.port ?? DEFAULT_PORT)
    if (password !== undefined && typeof password !== 'string') badOption('password', 'a string', password)
    const timeoutMs = milliseconds('storeTimeout', options.storeTimeout ?? 5000, 1)
    this.#timeoutMs = timeoutMs
    this.#client = new RespClient({ host: this.host, port: this.port, password, tls, timeoutMs })
  }

  /**
   * Keeps `data` under `sid` for `duration` from now.
   *
   * @returns resolves when the server has it
   * @throws SessionError ERR_SESSION_STORE, ERR_SESSION_STORE_TIMEOUT, ERR_SESSION_CLOSED
   */
  override async save(sid: string, data: object): Promise<void> {
    await this.#client.send('SET', sid, JSON.stringify(data), 'PX', this.#lifetime)
  }

  /**
   * @returns the data, an empty object when there are none. A session that is used is kept for `duration` from now,
   * give or take a tenth of it.
   */
  override async restore(sid: string): Promise<Data> {
    const client = this.#client
    const [body, leftMs] = await Promise.all([client.send('GET', sid), client.send('PTTL', sid)])
    if (Number(leftMs) > 0 && Number(leftMs) < this.duration * FRESH) {
      // Nothing waits for it, and the next use tries again.
      client.send('PEXPIRE', sid, this.#lifetime).catch(() => undefined)
    }
    return parseKept(body as string | null) ?? Object.create(null)
  }

  /** Has the server drop what is expired. @returns how many that were; 0 on a Redis, which does so by itself */
  override async prune(): Promise<number> {
    try {
      return Number(await this.#client.send('SOJOURN.PRUNE'))
    } catch (error) {
      const { cause } = error as Error
      if (cause instanceof ReplyError && cause.message.startsWith('ERR unknown command')) return 0
      throw error
    }
  }

  /** Closes the connection. */
  override close(): void {
    super.close()
    this.#client.close()
  }

  /** @internal */
  update(sid: string, merge: Merge): Promise<void> {
    return this.#batches.update(sid, merge)
  }

  /** Each lost round is a write that another process won. */
  async #commit(sid: string, merge: Merge): Promise<void> {
    const client = this.#client
    const startedAt = performance.now()
    do {
      const seen = (await client.send('GET', sid)) as string | null
      const merged = merge(parseKept(seen))
      if (merged === undefined) return
      const condition = seen === null ? ['NX'] : ['IFEQ', seen]
      const body = JSON.stringify(merged)
      const written = await client.send('SET', sid, body, ...condition, 'PX', this.#lifetime)
      if (written !== null) return
    } while (performance.now() - startedAt < this.#timeoutMs)
    const lost = `a save lost to other writers for ${this.#timeoutMs} ms`
    throw new SessionError('ERR_SESSION_STORE_TIMEOUT', lost)
  }

  get #lifetime(): string {
    return String(Math.ceil(this.duration))
  }
}
