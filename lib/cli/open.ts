import { existsSync, readFileSync } from 'node:fs'
import { badOption, SessionError, SessionOptionError } from '../base/errors'
import { timers } from '../base/timers'
import { seal } from '../record/seal'
import type { BackedStore } from '../store/backed-store'
import { LmdbStore } from '../store/lmdb'
import { PostgresStore } from '../store/postgres'
import { RedisStore } from '../store/redis'
import type { Flags } from './arguments'

export interface OpenedStore {
  readonly store: BackedStore
  /** Without password, for messages. */
  readonly name: string
  /** Whether the store knows whose a session is. */
  readonly indexed: boolean
}

export interface Opening {
  readonly prefix?: string | undefined
  readonly table?: string | undefined
  readonly sealKeys?: string | undefined
  /** Make the file or the table if it is missing. */
  readonly create?: boolean | undefined
  readonly hashIds?: boolean | undefined
}

const KINDS = 'lmdb:PATH, redis://..., postgres://... or env:NAME'
const PATIENCE_MS = 5000
/** Is no session's key. */
const NO_KEY = 'sojourn:no-such-session'

export function openingOf(flags: Flags): Opening {
  return { prefix: flags.prefix, table: flags.table, sealKeys: flags['seal-keys'] }
}

/**
 * Opens a store and asks it one thing, so that whatever is wrong with it is known before the work begins. Nothing runs
 * by itself in it: no pruning.
 *
 * @throws SessionOptionError when the URL is none of a store
 * @throws SessionError when it cannot be reached, or its package is not installed
 */
export async function openStore(given: string, opening: Opening): Promise<OpenedStore> {
  const url = resolved(given)
  const name = withoutPassword(url)
  let opened = build(url, opening, true)
  try {
    try {
      await answered(opened)
      return { store: opened, name, indexed: true }
    } catch (error) {
      if (!/has no column owner/.test((error as Error).message)) throw error
      await opened.close()
      opened = build(url, opening, false)
      await answered(opened)
      return { store: opened, name, indexed: false }
    }
  } catch (error) {
    // One that cannot be reached cannot be asked to close in order.
    void opened.close()
    throw plainly(name, error)
  }
}

function resolved(given: string): string {
  if (!given.startsWith('env:')) return given
  const value = process.env[given.slice(4)]
  if (!value)
    throw new SessionOptionError(
      `the environment variable ${given.slice(4)} is not set: it should hold a URL`,
    )
  return value
}

function build(url: string, opening: Opening, owners: boolean): BackedStore {
  const { prefix, sealKeys, create = false, hashIds = false } = opening
  const common = { ...(prefix === undefined ? {} : { prefix }), hashIds, seal: sealer(sealKeys) }
  const [, scheme = ''] = /^(\w+):/.exec(url) ?? []
  switch (scheme) {
    case 'lmdb': {
      const path = url.slice('lmdb:'.length).replace(/^\/\/(?=\/)/, '')
      if (path === '') badOption('URL', KINDS, url)
      if (!create && !existsSync(path))
        throw new SessionError('ERR_SESSION_STORE', `there is no file ${path}: is the path right?`)
      return new LmdbStore({ ...common, path, pruneInterval: 0 })
    }
    case 'redis':
    case 'rediss': {
      return new RedisStore({ ...common, url, owners })
    }
    case 'postgres':
    case 'postgresql': {
      const { table: tableName = 'session' } = opening
      const table = { tableName, owners, createTableIfMissing: create, pruneInterval: 0 }
      return new PostgresStore({ ...common, connectionString: url, ...table })
    }
    default:
      return badOption('URL', KINDS, withoutPassword(url))
  }
}

function sealer(file: string | undefined) {
  if (file === undefined) return undefined
  let keys: string[]
  try {
    keys = readFileSync(file, 'utf8').split(/\r?\n/).filter(Boolean)
  } catch (error) {
    throw new SessionOptionError(`option --seal-keys: ${(error as Error).message}`)
  }
  return seal({ keys, acceptPlain: true })
}

/** Clients go on trying to connect for ever. */
async function answered(store: BackedStore): Promise<void> {
  let last: unknown
  store.on('disconnect', (cause: unknown) => {
    last = cause
  })
  let giveUp: ((error: Error) => void) | undefined
  const late = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  const timer = timers.setTimeout(() => {
    const why = last instanceof Error ? messageOf(last) : `no answer within ${PATIENCE_MS / 1000} s`
    giveUp?.(new SessionError('ERR_SESSION_STORE', why))
  }, PATIENCE_MS)
  try {
    await Promise.race([store.backend.read(store.keys.prefix + NO_KEY), late])
  } finally {
    timers.clearTimeout(timer)
  }
}

function plainly(name: string, error: unknown): unknown {
  if (!(error instanceof SessionError) || error.code === 'ERR_SESSION_PEER') return error
  const message = messageOf(error.cause ?? error)
  const hint = /does not exist/.test(message)
    ? 'check --table and the database'
    : /password|auth|NOAUTH|WRONGPASS/i.test(message)
      ? 'check user and password in the URL'
      : /ECONNREFUSED|ENOTFOUND|no answer|timeout/i.test(message)
        ? 'is the server up, and are host and port right?'
        : ''
  const words = `cannot use ${name}: ${message}${hint && ` (${hint})`}`
  return new SessionError('ERR_SESSION_STORE', words, { cause: error })
}

/** Node's error for several addresses that refused has no message of its own. */
function messageOf(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: unknown[] }
  const text: string = message || (errors?.[0] ? messageOf(errors[0]) : '') || code || String(error)
  return text.split('\n', 1)[0] ?? text
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^/@]*?):[^/]*@/, '$1:***@')
}
