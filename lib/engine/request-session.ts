import { systemClock } from '../base/clock'
import { badOption, SessionError } from '../base/errors'
import { isUsableId } from '../base/ids'
import { Signer } from '../cookie/signature'
import type { Context } from '../exchange/context'
import { Exchange, type Next } from '../exchange/exchange'
import { facadeOf } from '../exchange/facade'
import { start } from '../exchange/start'
import type { Data } from '../record/text'
import { holdResponse } from '../response/hold-response'
import type { HookedResponse } from '../response/parts'
import { setData, showData } from '../session/live-data'
import { requestIds } from '../session/request'
import { LINK, type Session, type SessionRequest, setSessionId } from '../session/session'
import { CUSTOM_DURATION } from './handler-store'
import { givenData, recordData, recordKey } from './keys'
import type { SessionState } from './state'

/** What a request's session needs of its engine. */
export interface EngineContext {
  readonly context: Context
  readonly signer: Signer
  readonly durationMs: number
  /** The store is connected. */
  isUp(): boolean
  newId(): Promise<string>
}

/** The session of one request. From `start()` on it is a session like that of `session()`, and kept as that is. */
export class RequestSession implements SessionState {
  readonly #engine: EngineContext
  readonly #req: SessionRequest
  readonly #res: HookedResponse
  readonly #next: Next
  #exchange: Exchange | undefined = undefined
  #starting: Promise<void> | undefined = undefined
  #destroying: Promise<void> | undefined = undefined
  /** The session that was destroyed. */
  #ended: Session | undefined = undefined
  /** What the request's cookies say, best first. */
  #cookieIds: readonly string[] | undefined = undefined
  /** Chosen before the start. */
  #chosenId: string | undefined = undefined
  #chosenMs: number | undefined = undefined

  constructor(engine: EngineContext, req: SessionRequest, res: HookedResponse, next: Next) {
    this.#engine = engine
    this.#req = req
    this.#res = res
    this.#next = next
  }

  get id(): string | undefined {
    if (this.#exchange) return (this.#exchange.state.req.session ?? this.#ended)?.id
    return this.#chosenId ?? this.#idsOfCookies()[0]
  }

  get signedId(): string | undefined {
    const { id } = this
    return id === undefined ? undefined : this.#engine.signer.sign(id)
  }

  get ready(): boolean {
    return this.#exchange !== undefined
  }

  get stored(): boolean {
    const known = this.#exchange?.state.known
    return known !== undefined && known.id === this.id
  }

  get durationMs(): number {
    const life = this.#exchange?.state.req.session?.cookie.originalMaxAge
    return typeof life === 'number' ? life : (this.#chosenMs ?? this.#engine.durationMs)
  }

  get expiresAt(): number {
    const end = this.#exchange?.state.req.session?.cookie.expires
    return end instanceof Date ? end.valueOf() : systemClock() + this.durationMs
  }

  generateId(): Promise<string> {
    return this.#engine.newId()
  }

  setId(id: string): void {
    if (!isUsableId(id)) badOption('id', 'a string that can be a session id', typeof id)
    if (!this.#exchange) {
      this.#chosenId = id
      return
    }
    const session = this.#core('set_id')
    setSessionId(session, id)
    this.#exchange.state.req.sessionID = id
  }

  setSignedId(signedId: string, secret: string | undefined): boolean {
    const signer = secret === undefined ? this.#engine.signer : new Signer([secret])
    const id = typeof signedId === 'string' ? signer.verify(signedId) : undefined
    if (!isUsableId(id)) return false
    this.setId(id)
    return true
  }

  setDuration(durationMs: number): void {
    if (!this.#exchange) {
      this.#chosenMs = durationMs
      return
    }
    const session = this.#core('set_duration')
    session.cookie.maxAge = durationMs
    setData(session, CUSTOM_DURATION, durationMs)
  }

  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error) => {
      // A failed start is not remembered: the handler may try again.
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  async #start(): Promise<void> {
    const { context } = this.#engine
    if (!this.#engine.isUp()) throw new SessionError('ERR_SESSION_STORE', 'start: the store is disconnected')
    // The application's `req.session` is the engine's own.
    const req = facadeOf(this.#req)
    const exchange = new Exchange(context, req, this.#res, this.#next)
    req[LINK] = exchange
    req.sessionStore = context.store
    const chosen = this.#chosenId
    await start(exchange.state, chosen === undefined ? this.#idsOfCookies() : [chosen])
    this.#exchange = exchange
    holdResponse(this.#res, exchange).watchClose()
    if (chosen !== undefined) {
      // The browser may have another one, or none.
      exchange.state.cookieId = undefined
      if (req.session && req.session.id !== chosen) this.setId(chosen)
    }
    if (this.#chosenMs !== undefined) this.setDuration(this.#chosenMs)
  }

  async roll(): Promise<boolean> {
    try {
      await this.#core('roll').renewId()
      return true
    } catch (error) {
      if (error instanceof SessionError && error.code === 'ERR_SESSION_GONE') return false
      throw error
    }
  }

  async touch(): Promise<void> {
    if (!(await this.#startForCookie())) return
    const session = this.#core('touch')
    const known = this.#exchange?.state.known
    if (!known || known.id !== session.id) return
    session.resetMaxAge()
    await this.#exchange?.state.keeper.touch(known, session, true)
  }

  async destroy(): Promise<void> {
    if (!(await this.#startForCookie())) return
    this.#ended ??= this.#core('destroy')
    // A second call waits for the first one; after a failure it tries again.
    this.#destroying ??= this.#ended.destroy().catch((error) => {
      this.#destroying = undefined
      throw error
    })
    await this.#destroying
  }

  set(name: string, value: unknown): void {
    setData(this.#core('set'), recordKey(name), value)
  }

  assign(values: Data): void {
    const session = this.#core('set')
    for (const name of Object.keys(values)) setData(session, recordKey(name), values[name])
  }

  reset(values: Data): void {
    if (typeof values !== 'object' || values === null) badOption('data', 'an object', values)
    const session = this.#core('reset') as Session & Data
    const duration = session[CUSTOM_DURATION]
    showData(session, {
      ...(duration === undefined ? {} : { [CUSTOM_DURATION]: duration }),
      ...recordData(values),
    })
  }

  get(name: string): unknown {
    const session = this.#core('get') as Session & Data
    const key = recordKey(name)
    return Object.hasOwn(session, key) ? session[key] : undefined
  }

  all(): Data {
    return givenData(this.#core('get'))
  }

  delete(name: string | undefined): void {
    const session = this.#core('delete') as Session & Data
    if (name === undefined) this.reset({})
    else delete session[recordKey(name)]
  }

  /** Starts what was not started. `false`: the request names no session, so that there is nothing to start. */
  async #startForCookie(): Promise<boolean> {
    if (!this.#exchange && this.id === undefined) return false
    await this.start()
    return true
  }

  #idsOfCookies(): readonly string[] {
    const { context, signer } = this.#engine
    this.#cookieIds ??= requestIds(this.#req, context.policy.name, signer, (because) =>
      context.tell('refused', () => ({ because })),
    )
    return this.#cookieIds
  }

  /** @throws SessionError ERR_SESSION_USAGE before the start and after the end */
  #core(method: string): Session {
    if (!this.#exchange)
      throw new SessionError('ERR_SESSION_USAGE', `${method}: call await session.start() first`)
    const { session } = this.#exchange.state.req
    if (!session) throw new SessionError('ERR_SESSION_USAGE', `${method}: the session was destroyed`)
    return session
  }
}
