import { EventEmitter } from 'node:events'
import { systemClock } from '../base/clock'
import { SessionError } from '../base/errors'
import { generateId } from '../base/ids'
import { Signer } from '../cookie/signature'
import { Context } from '../exchange/context'
import type { SessionEmitter } from '../middleware/session'
import { stateOf } from '../middleware/store-state'
import type { HookedResponse } from '../response/parts'
import { type AnyRequest, checkStore } from '../session/options'
import { readOptions } from '../session/policy'
import type { SessionRequest } from '../session/session'
import type { Store } from '../session/store'
import { type OwnStore, ownStore } from '../store/protocol'
import { HandlerStore } from './handler-store'
import { type Operations, OperationTable, type OperationType } from './operations'
import { type EngineSettings, readEngineOptions, type SessionEngineOptions } from './options'
import { type EngineContext, RequestSession } from './request-session'
import { EngineSession } from './session'

type EngineMiddleware = (req: AnyRequest, res: AnyRequest, next: (error?: AnyRequest) => void) => void

/**
 * Sessions that are read when a handler asks for them, and kept by handlers of the application's or by any store.
 * One engine serves several applications.
 */
export class SessionEngine {
  /** For `app.use` of Express and Connect, or called as `middleware(req, res, next)`. */
  readonly middleware: EngineMiddleware
  /** What happens to sessions; the same events as those of `session()`. */
  readonly events: SessionEmitter = new EventEmitter() as SessionEmitter
  readonly #settings: EngineSettings
  readonly #signer: Signer
  readonly #operations = new OperationTable()
  #store: Store | undefined = undefined
  #ownStore: OwnStore | undefined = undefined
  #context: EngineContext | undefined = undefined

  /** @throws TypeError ERR_SESSION_OPTION when an option is wrong, or the secret is missing or short */
  constructor(options: SessionEngineOptions) {
    this.#settings = readEngineOptions(options)
    this.#signer = new Signer([this.#settings.secret])
    this.middleware = (req, res, next) => this.#handle(req, res, next)
  }

  /**
   * Binds a handler: `read`, `touch`, `write` and `destroy` are required, `id` and `cleanup` are not.
   *
   * @throws TypeError ERR_SESSION_OPTION for an unknown type, or a handler that is no function
   */
  use<T extends OperationType>(type: T, handler: Operations[T]): this {
    this.#operations.bind(type, handler)
    this.#context = undefined
    return this
  }

  /**
   * Keeps sessions in a store instead of handlers: one of this package's, or any of express-session's kind.
   *
   * @throws TypeError ERR_SESSION_OPTION when it is no store, or one of another version of this package
   */
  useStore(store: Store): this {
    checkStore(store)
    this.#ownStore = ownStore(store)
    this.#store = store
    this.#context = undefined
    return this
  }

  /**
   * Removes sessions that have ended, by the handler of `cleanup` or by the store.
   *
   * @returns what the handler returned, or how many sessions the store removed
   * @throws SessionError ERR_SESSION_OPERATION when there is neither
   */
  async cleanup(): Promise<unknown> {
    const handler = this.#operations.get('cleanup')
    const backend = this.#ownStore?.backend
    if (!handler && backend?.prune) return backend.prune(systemClock())
    return (handler ?? this.#operations.require('cleanup'))()
  }

  #handle(req: SessionRequest, res: HookedResponse, next: (error?: unknown) => void): void {
    if (req.session) {
      next()
      return
    }
    try {
      if (!this.#store) this.#operations.checkRequired()
      const state = new RequestSession(this.#sharedContext(), req, res, next)
      ;(req as { session: unknown }).session = new EngineSession(state)
    } catch (error) {
      next(error)
      return
    }
    next()
  }

  #sharedContext(): EngineContext {
    this.#context ??= this.#makeContext()
    return this.#context
  }

  #makeContext(): EngineContext {
    const { durationMs, automaticTouch, saveUninitialized, name, secret, cookie } = this.#settings
    const genid = this.#operations.get('id')
    const policy = readOptions({
      secret,
      name,
      genid,
      saveUninitialized,
      resave: false,
      rolling: automaticTouch,
    })
    const store = this.#store ?? new HandlerStore(this.#operations, durationMs, (id) => this.#signer.sign(id))
    const touchAfterMs = automaticTouch ? policy.touchAfterMs : Infinity
    const context = new Context({ ...policy, touchAfterMs }, store, cookie, this.events)
    const state = stateOf(store)
    state.join(
      (up) => context.tell('storeState', () => ({ up })),
      () => {
        throw new SessionError(
          'ERR_SESSION_USAGE',
          'store.generate: the request has no started session of the engine',
        )
      },
    )
    return {
      context,
      signer: this.#signer,
      durationMs,
      isUp: () => state.up,
      newId: async () => (genid ? genid() : generateId()),
    }
  }
}
