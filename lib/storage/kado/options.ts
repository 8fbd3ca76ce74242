import { randomBytes } from 'node:crypto'
import { badOption } from '../../base/errors'
import { warnOnce } from '../../base/warnings'
import type { CookieAttributes } from '../../cookie/header'
import { type Secret, Signer } from '../../cookie/signature'
import type { SessionStore } from './store'
import { SessionStoreMemory } from './store-memory'

export interface SessionMiddlewareOptions {
  /** Name of the cookie. Default `session`. */
  name?: string | undefined
  /** Where sessions are kept. Default: one `SessionStoreMemory` for all, which forgets with the process. */
  store?: SessionStore | undefined
  /**
   * Signs the cookie; the first of several signs, all verify. Default: one drawn at random, with a warning: cookies are
   * then worth nothing after a restart, nor in another process.
   */
  secret?: Secret | readonly Secret[] | undefined
  /**
   * Attributes of the cookie. Default `{ path: '/', httpOnly: true, sameSite: 'lax', secure: 'auto' }`; `'auto'`: secure
   * when the request came over https.
   */
  cookie?: (Omit<CookieAttributes, 'expires' | 'secure'> & { secure?: boolean | 'auto' }) | undefined
  /** Whether `X-Forwarded-Proto` says how the request came. Default: as Express says, else no. */
  proxy?: boolean | undefined
}

/** A shorter one can be guessed by trying (NIST SP 800-107: no less than 112 bits). */
const SECRET_LENGTH_MIN = 16
/** RFC 6265 section 4.1.1: cookie-name = token */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

export interface SessionPolicy {
  readonly name: string
  readonly store: SessionStore
  readonly signer: Signer
  readonly attributes: CookieAttributes
  readonly secure: boolean | 'auto'
  readonly proxy: boolean | undefined
}

let processStore: SessionStoreMemory | undefined
let processSecret: Buffer | undefined

/** @throws SessionOptionError */
export function sessionPolicy(options: SessionMiddlewareOptions): SessionPolicy {
  if (typeof options !== 'object' || options === null) badOption('options', 'an object', options)
  const { name = 'session', cookie = {}, proxy } = options
  if (options.store === undefined) processStore ??= new SessionStoreMemory()
  const store = options.store ?? (processStore as SessionStore)
  if (typeof name !== 'string' || !TOKEN.test(name)) badOption('name', 'a cookie name', name)
  if (typeof store?.save !== 'function' || typeof store.restore !== 'function') {
    badOption('store', 'a SessionStore', store)
  }
  const { secure = 'auto', ...attributes } = cookie
  return Object.freeze({
    name,
    store,
    signer: signerOf(options.secret),
    attributes: Object.freeze({ path: '/', httpOnly: true, sameSite: 'lax' as const, ...attributes }),
    secure,
    proxy,
  })
}

function signerOf(secret: SessionMiddlewareOptions['secret']): Signer {
  if (secret === undefined) {
    warnOnce(
      'SOJOURN_SECRET',
      'no secret for the session cookie: one was drawn, and cookies end with this process; set the option secret',
    )
    processSecret ??= randomBytes(32)
    return new Signer([processSecret])
  }
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) badOption('secret', 'at least one secret', secret)
  for (const each of secrets) {
    const usable =
      typeof each === 'string' ? each.length >= SECRET_LENGTH_MIN : typeof each === 'object' && each
    // The secret itself has no place in a message.
    if (!usable) badOption('secret', `${SECRET_LENGTH_MIN} characters or more`, typeof each)
  }
  return new Signer(secrets as Secret[])
}
