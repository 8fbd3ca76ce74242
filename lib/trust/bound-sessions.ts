import { systemClock } from '../base/clock'
import type { Signer } from '../cookie/signature'
import type { Context } from '../exchange/context'
import type { Endpoint, TrustChange, TrustHooks } from '../exchange/trust'
import { readTrust, trustText } from '../record/trust'
import { appendHeader, type HookedResponse } from '../response/parts'
import { Cookie } from '../session/cookie'
import { isSecure, requestPath } from '../session/request'
import type { Session, SessionRequest } from '../session/session'
import { BoundCookie } from './bound-cookie'
import { Challenges } from './challenges'
import { answerRefresh, answerRegistration } from './endpoints'
import { bindingOf } from './notes'
import type { BindingSettings } from './options'
import { ALGORITHMS } from './public-key'
import { readSkipped, registrationField } from './structured-fields'

/** For requests that were under way when the browser registered: the page after the login is one. */
const GRACE_MS = 10_000
/** With `require`: how long a browser may take to register. */
const REGISTRATION_MS = 30_000

/** Sessions whose cookie alone opens nothing: W3C Device Bound Session Credentials, draft of February 2026. */
export class BoundSessions implements TrustHooks {
  readonly context: Context
  readonly settings: BindingSettings
  readonly cookie: BoundCookie
  readonly challenges: Challenges
  readonly #endpoints: ReadonlyMap<string, Endpoint>

  constructor(context: Context, settings: BindingSettings, signer: Signer) {
    this.context = context
    this.settings = settings
    this.cookie = new BoundCookie(settings, signer)
    this.challenges = new Challenges(signer, settings.lifetimeMs)
    this.#endpoints = new Map<string, Endpoint>([
      [`${settings.path}/register`, (req, res, next) => answerRegistration(this, req, res).catch(next)],
      [this.refreshPath, (req, res, next) => answerRefresh(this, req, res).catch(next)],
    ])
  }

  get refreshPath(): string {
    return `${this.settings.path}/refresh`
  }

  endpointFor(req: SessionRequest): Endpoint | undefined {
    const { path } = this.settings
    const target = req.originalUrl ?? req.url ?? ''
    // Most requests are for something else, and found out by one look.
    return target.includes(path) ? this.#endpoints.get(requestPath(req)) : undefined
  }

  admits(req: SessionRequest, trust: string, fingerprint: () => string): boolean {
    if (trust === '') return true
    const now = systemClock()
    const { binding, bindBy } = readTrust(trust)
    if (!binding) {
      return !this.settings.required || bindBy === 0 || now < bindBy || this.endpointFor(req) !== undefined
    }
    const skipped = readSkipped(req.headers?.['secure-session-skipped'], binding.id)
    if (skipped) this.context.tell('skipped', () => ({ session: fingerprint(), because: skipped }), req)
    return (
      this.cookie.provenAt(req, binding, now) !== undefined ||
      now < binding.since + Math.min(GRACE_MS, this.settings.lifetimeMs) ||
      // Where the browser comes to get one.
      this.endpointFor(req) !== undefined
    )
  }

  beforeLogin({ cookie }: Session): void {
    if (!this.settings.required || !(cookie instanceof Cookie)) return
    const notes = readTrust(Cookie.trustOf(cookie))
    if (!notes.binding)
      Cookie.entrust(cookie, trustText({ ...notes, bindBy: systemClock() + REGISTRATION_MS }))
  }

  putHeaders(change: TrustChange, req: SessionRequest, res: HookedResponse): void {
    if (res.headersSent) return
    if (change === 'login') this.#askForKey(req, res)
    // The browser's own part ends at its next refresh, which finds no session.
    else if (this.cookie.isIn(req)) appendHeader(res, 'Set-Cookie', [this.cookie.clearLine()])
  }

  #askForKey(req: SessionRequest, res: HookedResponse): void {
    const { session, sessionID } = req
    // Browsers bind over https alone.
    if (!session || typeof sessionID !== 'string') return
    if (bindingOf(session) || !isSecure(req, this.context.policy.proxy)) return
    const challenge = this.challenges.forRegistration(sessionID, systemClock())
    const path = `${this.settings.path}/register`
    res.setHeader?.('Secure-Session-Registration', registrationField(ALGORITHMS, path, challenge))
  }
}
