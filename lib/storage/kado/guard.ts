import { SessionError } from '../../base/errors'
import { warnOnce } from '../../base/warnings'
import { type CookieAttributes, setCookieLine } from '../../cookie/header'
import { stopResponse } from '../../response/answer-failure'
import type { Guard } from '../../response/guard'
import { holdResponse } from '../../response/hold-response'
import type { HookedResponse } from '../../response/parts'
import { putSetCookie } from '../../response/set-cookie'
import { isSecure, requestIds } from '../../session/request'
import type { SessionRequest } from '../../session/session'
import { type SessionMiddlewareOptions, type SessionPolicy, sessionPolicy } from './options'
import type { SessionStore } from './store'

/** A request of `node:http`, Express or Connect; `session` is put on it. */
export type GuardedRequest = object & { session?: unknown }
export type GuardedResponse = object

type Next = (error?: unknown) => void
/** As much of a `Session` as its response asks. */
interface GuardedSession {
  readonly sid: string
  readonly stored: boolean
  readonly changed: boolean
  save(): Promise<void>
}
type Open = (ids: readonly string[], store: SessionStore) => Promise<GuardedSession>

/** A middleware. Without `next` the promise says when to go on; with it, `next` does. */
export type KadoMiddleware = (req: GuardedRequest, res: GuardedResponse, next?: Next) => Promise<void>

/** Saves the session before its response leaves, and puts the cookie of a session that is new. */
class SessionGuard implements Guard {
  #headersLeft = false
  /** The response cannot wait, and the session is being saved. */
  #atOnce = false
  /** A save has failed: the error page must not wait for another one. */
  #stopped = false

  constructor(
    private readonly policy: SessionPolicy,
    private readonly req: SessionRequest,
    private readonly res: HookedResponse,
    private readonly session: GuardedSession,
    private readonly isNew: boolean,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  get hasHeaders(): boolean {
    return this.isNew && (this.session.stored || this.#atOnce)
  }

  beforeHeaders(): void | Promise<void> {
    return this.#save()
  }

  beforeLastByte(): void | Promise<void> {
    return this.#save()
  }

  beforeEnd(): void | Promise<void> {
    return this.#save()
  }

  putHeaders(): void {
    this.#headersLeft = true
    if (!this.hasHeaders) return
    const { policy, req, res, session } = this
    const secure = policy.secure === 'auto' ? isSecure(req, policy.proxy) : policy.secure
    const attributes: CookieAttributes = { ...policy.attributes, secure }
    putSetCookie(res, setCookieLine(policy.name, policy.signer.sign(session.sid), attributes), true)
  }

  failed(error: unknown, headersLeft: boolean): void {
    this.#stopped = true
    stopResponse(error, { res: this.res, next: this.onFailure, onError: undefined, headersLeft })
  }

  letGo(): void {}

  decideAtOnce(): void {
    this.#atOnce = this.session.changed
    this.saveBeside()
  }

  async saveBeside(): Promise<void> {
    try {
      await this.#save()
    } catch (error) {
      warnSave(error)
    }
  }

  closed(ended: boolean): void {
    // The client left before the end: what the handler has set is kept all the same.
    if (!ended) this.saveBeside()
  }

  #save(): void | Promise<void> {
    const { session } = this
    if (this.#stopped || !session.changed) return
    const wasStored = session.stored
    return session.save().then(
      () => {
        if (wasStored || !this.#headersLeft || this.#atOnce) return
        warnOnce('SOJOURN_LATE', 'a session began after the headers had left: its cookie cannot be sent')
      },
      (error: unknown) => {
        // It was ended meanwhile, and stays so; that is no fault of this request.
        if (!(error instanceof SessionError && error.code === 'ERR_SESSION_GONE')) throw error
      },
    )
  }
}

async function begin(
  policy: SessionPolicy,
  open: Open,
  request: GuardedRequest,
  response: GuardedResponse,
  onFailure: (error: unknown) => void,
): Promise<void> {
  const [req, res] = [request as SessionRequest, response as HookedResponse]
  const ids = requestIds(req, policy.name, policy.signer, () => undefined)
  const session = await open(ids, policy.store)
  request.session = session
  const hold = holdResponse(res, new SessionGuard(policy, req, res, session, !session.stored, onFailure))
  hold.watchClose()
}

function warnSave(error: unknown): void {
  warnOnce('SOJOURN_SAVE', `a session could not be saved: ${(error as Error).message}`)
}

/** Answers a failed request where no `next` was given. */
function answerPlainly(response: GuardedResponse): (error: unknown) => void {
  return (error) => {
    warnSave(error)
    const res = response as HookedResponse & { statusCode?: number }
    if (res.headersSent) return
    res.statusCode = 500
    res.end?.()
  }
}

export function middlewareOf(options: SessionMiddlewareOptions, open: Open): KadoMiddleware {
  const policy = sessionPolicy(options)
  return async function sessionMiddleware(req, res, next) {
    if (next === undefined) return begin(policy, open, req, res, answerPlainly(res))
    try {
      await begin(policy, open, req, res, next)
    } catch (error) {
      process.nextTick(next, error)
      return
    }
    // Outside the promise's job: what a handler throws belongs to the process, not to this promise.
    process.nextTick(next)
  }
}

const policies = new WeakMap<SessionMiddlewareOptions, SessionPolicy>()

export async function guardRequest(
  req: GuardedRequest,
  res: GuardedResponse,
  options: SessionMiddlewareOptions,
  open: Open,
): Promise<void> {
  let policy = policies.get(options)
  if (policy === undefined) {
    policy = sessionPolicy(options)
    policies.set(options, policy)
  }
  await begin(policy, open, req, res, answerPlainly(res))
}
