import type { TlsOptions } from 'node:tls'
import { badOption } from '../../base/errors'
import type { ConnectionLimits } from './connection'

export interface SessionStorageOptions {
  /**
   * Address or name to listen on. Default `null`: the loopback interface, `127.0.0.1`. Anything else is refused
   * unless there is a `requirepass`.
   */
  host?: string | null | undefined
  /** Port to listen on; `0`: any that is free. Default 3001. */
  port?: number | string | undefined
  /** The file that keeps the sessions, on a local disk. Required. It is an LMDB file, with `-lock` beside it. */
  saveFile: string
  /**
   * The longest that an acknowledged write may be on the way to the disk, in milliseconds; a power failure can
   * cost what is on the way, the death of the process (`kill -9`) cannot. `0`: each write is on the disk before it is
   * answered. Default 15,000.
   */
  saveFrequency?: number | undefined
  /** Milliseconds that `save()` and a taken-over save file keep a session. Default 6 hours. */
  duration?: number | undefined
  /** Clients have to give this password before anything else. Compared in constant time. Default: none. */
  requirepass?: string | undefined
  /** Certificate and key, as `tls.createServer` takes them. Default: plain TCP. */
  tls?: TlsOptions | undefined
  /** Clients at a time; more are told so and closed. Default 1,000. */
  maxConnections?: number | undefined
  /** The largest request, in bytes of its arguments. Default 8 MiB. */
  maxRequestBytes?: number | undefined
  /**
   * Milliseconds that a client has to authenticate, to send the rest of a request or to read its answers. Idle
   * clients are kept. Default 30,000.
   */
  stallTimeout?: number | undefined
}

export interface StorageSettings {
  readonly host: string
  readonly port: number
  readonly saveFile: string
  readonly saveFrequencyMs: number
  readonly durationMs: number
  readonly requirepass: string | undefined
  readonly tls: TlsOptions | undefined
  readonly maxConnections: number
  readonly limits: ConnectionLimits
}

const DEFAULT_HOST = '127.0.0.1'
export const DEFAULT_PORT = 3001
export const DEFAULT_DURATION_MS = 6 * 3_600_000
const MAX_TIMER_MS = 2 ** 31 - 1
/** Requests of one client under way at a time, and bytes of answers that wait for it. */
const MAX_PENDING = 256
const MAX_HELD_BYTES = 1 << 20
/** Bytes held for all clients, in requests of the largest size. */
const MAX_HELD_REQUESTS = 32
const MAX_ARGUMENTS = 1 << 16
/** Ten guesses a second from one address. */
const WRONG_PASSWORD_PAUSE_MS = 100

/** @throws SessionOptionError */
export function portOf(port: unknown, name = 'port'): number {
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  return badOption(name, 'a port number from 0 to 65535', port)
}

/** @throws SessionOptionError */
export function hostOf(host: unknown): string {
  if (host === undefined || host === null) return DEFAULT_HOST
  return typeof host === 'string' && host !== ''
    ? host
    : badOption('host', 'an address, a name or null', host)
}

/** @throws SessionOptionError */
export function milliseconds(name: string, value: unknown, least: number, most = MAX_TIMER_MS): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  return badOption(name, `milliseconds from ${least} to ${most}`, value)
}

function count(name: string, value: unknown, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value
  return badOption(name, `a whole number from 1 to ${most}`, value)
}

/** @throws SessionOptionError */
export function storageSettings(options: SessionStorageOptions): StorageSettings {
  if (typeof options !== 'object' || options === null) badOption('saveFile', 'options with a path', options)
  const { saveFile, requirepass, tls } = options
  if (typeof saveFile !== 'string' || saveFile === '') badOption('saveFile', 'the path of a file', saveFile)
  if (requirepass !== undefined && (typeof requirepass !== 'string' || requirepass === '')) {
    badOption(
      'requirepass',
      'a password that is not empty',
      typeof requirepass === 'string' ? '' : requirepass,
    )
  }
  if (tls !== undefined && (typeof tls !== 'object' || tls === null)) {
    badOption('tls', 'options of tls.createServer', tls)
  }
  const maxRequestBytes = count('maxRequestBytes', options.maxRequestBytes ?? 8 << 20, 256 << 20)
  return Object.freeze({
    host: hostOf(options.host),
    port: portOf(options.port ?? DEFAULT_PORT),
    saveFile,
    saveFrequencyMs: milliseconds('saveFrequency', options.saveFrequency ?? 15_000, 0),
    durationMs: milliseconds('duration', options.duration ?? DEFAULT_DURATION_MS, 1, Number.MAX_SAFE_INTEGER),
    requirepass,
    tls,
    maxConnections: count('maxConnections', options.maxConnections ?? 1000, 1_000_000),
    limits: Object.freeze({
      maxRequestBytes,
      maxArguments: MAX_ARGUMENTS,
      maxPending: MAX_PENDING,
      maxHeldBytes: MAX_HELD_BYTES,
      maxHeldBytesOfAll: MAX_HELD_REQUESTS * maxRequestBytes,
      wrongPasswordPause: WRONG_PASSWORD_PAUSE_MS,
      stallTimeout: milliseconds('stallTimeout', options.stallTimeout ?? 30_000, 1),
    }),
  })
}
