import { EventEmitter } from 'node:events'
import type { SessionEventName, SessionEvents } from '../base/events'
import { fingerprint, generateId } from '../base/ids'
import { debug } from '../base/warnings'
import { type CookieAttributes, CookieTemplate } from '../cookie/header'
import { CookieBase, type CookieOptions } from '../cookie/settings'
import { Signer } from '../cookie/signature'
import type { Keeper } from '../keeper/contract'
import { ForeignKeeper } from '../keeper/foreign/keeper'
import { BackendKeeper } from '../keeper/own/keeper'
import { OwnerKeeper } from '../keeper/own/owner-limit'
import { CanonicalReader } from '../record/canonical'
import { Cookie } from '../session/cookie'
import { readCookieOptions } from '../session/options'
import type { Policy } from '../session/policy'
import { isSecure } from '../session/request'
import type { SessionRequest } from '../session/session'
import { OWN_STORE_METHODS, type Store } from '../session/store'
import type { Listener } from '../store/lifecycle'
import { type OwnStore, ownStore } from '../store/protocol'
import { warnIfInsecure, warnIfUntrusted } from './cookie-warnings'
import { requestLabel } from './debug'
import { originalOf } from './facade'
import type { TrustHooks } from './trust'
import { warnAbout } from './warnings'

/** All that one `session()` middleware shares between its requests. */
export class Context implements Listener {
  readonly policy: Policy
  readonly store: Store
  readonly events: EventEmitter
  readonly #cookie: CookieOptions | ((req: SessionRequest) => unknown)
  /** The cookie settings where they are the same for all requests. */
  readonly #base: CookieBase | undefined
  readonly #template: CookieTemplate | undefined
  readonly canonical: CanonicalReader | undefined
  /** `undefined`: the session cookie is all that a browser has to show. */
  trust: TrustHooks | undefined = undefined
  /** Look at what handlers put into sessions: not in production, where it would cost. Read once, as Express does. */
  readonly looksAtData = process.env['NODE_ENV'] !== 'production'
  /** The store, if it is one of ours. */
  readonly #own: OwnStore | undefined
  readonly #backendKeeper: Keeper | undefined
  readonly #foreignKeeper: Keeper
  /** The signer for `req.secret`, as long as it stays the same. */
  #borrowed: { secret: string; signer: Signer } | undefined = undefined

  /** @throws TypeError ERR_SESSION_OPTION for cookie options, and for a store of another version of this package */
  constructor(policy: Policy, store: Store, cookie: unknown, events = new EventEmitter()) {
    this.events = events
    this.policy = policy
    this.store = store
    this.#cookie =
      typeof cookie === 'function'
        ? (cookie as (req: SessionRequest) => unknown)
        : readCookieOptions(cookie, policy.name)
    if (typeof this.#cookie === 'object') warnIfInsecure(this.#cookie)
    if (typeof this.#cookie === 'object' && !dependsOnRequest(this.#cookie)) {
      this.#base = new CookieBase(this.#cookie, false)
      this.#template = new CookieTemplate(policy.name, this.#base)
      this.canonical = new CanonicalReader(this.#base)
    }
    const own = ownStore(store)
    this.#own = own
    this.#backendKeeper = own && backendKeeper(own, this)
    this.#foreignKeeper = new ForeignKeeper(store, this)
    own?.lifecycle.join(this)
  }

  /** The inner contract is for stores whose public methods are their class's own; people override them. */
  keeper(): Keeper {
    return this.#backendKeeper && this.#own?.isOriginal() ? this.#backendKeeper : this.#foreignKeeper
  }

  /** Whether the store's `createSession` does no more than the exchange does without it. */
  get makesPlainSessions(): boolean {
    const { createSession } = this.store
    if (!createSession || createSession === OWN_STORE_METHODS.createSession) return true
    return this.#own?.isOriginal() === true
  }

  cookieBase(req: SessionRequest): CookieBase {
    if (this.#base) return this.#base
    const options =
      typeof this.#cookie === 'function'
        ? readCookieOptions(this.#cookie(originalOf(req)), this.policy.name)
        : this.#cookie
    const secure = isSecure(req, this.policy.proxy)
    if (!secure && (options.secure === 'auto' || options.sameSite === 'auto')) {
      warnIfUntrusted(req, this.policy.proxy)
    }
    return new CookieBase(options, secure)
  }

  /** @returns the `Set-Cookie` line for a session's cookie */
  cookieLine(encoded: string, cookie: Cookie): string {
    const { name } = this.policy
    const template =
      this.#template && Cookie.isAsConfigured(cookie)
        ? this.#template
        : new CookieTemplate(name, cookie as CookieAttributes)
    return template.line(encoded, cookie.expires)
  }

  /** `undefined`: neither the options nor the request have a secret. */
  signer(req: SessionRequest): Signer | undefined {
    if (this.policy.signer) return this.policy.signer
    const { secret } = req
    if (!secret) return undefined
    if (this.#borrowed?.secret !== secret) this.#borrowed = { secret, signer: new Signer([secret]) }
    return this.#borrowed.signer
  }

  newId(req: SessionRequest): unknown {
    const { genid } = this.policy
    return genid ? genid(originalOf(req) as never) : generateId()
  }

  /**
   * Emits an event. What means that something is wrong is also a warning, once per process.
   *
   * @param req named in the debug line, where the event has no session to know the request by
   */
  tell<N extends SessionEventName>(name: N, event: () => SessionEvents[N], req?: SessionRequest): void {
    warnAbout(name, event)
    if (debug.enabled) debug('%s %j%s', name, event(), req ? ` [${requestLabel(req)}]` : '')
    if (this.events.listenerCount(name) === 0) return
    try {
      this.events.emit(name, event())
    } catch (error) {
      // A listener's mistake belongs to the process, not to the request that happened to cause the event.
      process.nextTick(() => {
        throw error
      })
    }
  }

  tellOf(name: 'created' | 'interrupted', id: string): void {
    this.tell(name, () => ({ session: this.fingerprint(id) }))
  }

  hears(name: SessionEventName): boolean {
    return debug.enabled || this.events.listenerCount(name) > 0
  }

  hear<N extends SessionEventName>(name: N, event: () => SessionEvents[N]): void {
    if (!this.hears(name)) return
    // Of a store with methods of its own the exchange tells itself what it asks these for.
    const asked = name === 'created' || (event() as { because?: unknown }).because === 'destroyed'
    if (!asked || this.#own?.isOriginal()) this.tell(name, event)
  }

  /** The name of a session in events, in place of its id: what a store of ours shows in `sessionsOf`. */
  fingerprint(id: string): string {
    return this.#own ? this.#own.keys.fingerprintOf(id) : fingerprint(id)
  }
}

function backendKeeper(store: OwnStore, context: Context): Keeper {
  const { owners } = store
  return owners?.limit
    ? new OwnerKeeper(store, owners, owners.limit, context)
    : new BackendKeeper(store, context)
}

function dependsOnRequest(options: CookieOptions): boolean {
  const { secure, sameSite } = options
  // A fixed end is another life for each request.
  const ends: unknown = options.maxAge ?? options.expires
  return secure === 'auto' || sameSite === 'auto' || ends instanceof Date
}
