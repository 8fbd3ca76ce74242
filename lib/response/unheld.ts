import { isPromise } from '../base/async'
import type { Guard } from './guard'
import { type Hooks, hookInto, type Own } from './hooks'
import type { HookedResponse } from './parts'
import { perform, type Step } from './steps'

/**
 * Stands between a handler and an object in place of a response, as engine.io passes one for a WebSocket handshake:
 * its host takes the headers at the first `writeHead()` and may never end it. Nothing of it is held, except an `end`
 * that waits for the save; what fails is told as an event, since its host listens to `next` once.
 */
export class UnheldResponse implements Hooks {
  readonly res: HookedResponse
  readonly #guard: Guard
  readonly #own: Own
  /** The handler has ended it. */
  ended = false
  #headersLeft = false

  constructor(res: HookedResponse, guard: Guard) {
    this.res = res
    this.#guard = guard
    this.#own = hookInto(res, this)
    guard.letGo()
  }

  watchClose(): void {
    const { res } = this
    if (typeof res.on === 'function') res.on('close', () => this.ended || this.#guard.closed(false))
  }

  head(args: unknown[]): unknown {
    return this.#send('head', args)
  }

  flush(): void {
    this.#send('flush', [])
  }

  writeChunk(args: unknown[]): unknown {
    return this.#send('write', args)
  }

  finish(args: unknown[]): unknown {
    if (this.ended) return this.res
    this.ended = true
    const wait = this.#guard.saveBeside(true, !this.#headersLeft)
    if (!isPromise(wait)) return this.#end(args)
    wait.then(() => this.#end(args))
    return this.res
  }

  #send(kind: Step['kind'], args: unknown[]): unknown {
    if (!this.#headersLeft) {
      this.#headersLeft = true
      this.#guard.decideAtOnce()
      if (kind !== 'head') this.#guard.putHeaders()
    }
    return perform({ kind, args, checked: true }, this.res, this.#own, this.#guard)
  }

  #end(args: unknown[]): unknown {
    if (!this.#headersLeft) this.#guard.putHeaders()
    this.#headersLeft = true
    const returned = this.#own.end?.apply(this.res, args)
    this.#guard.closed(true)
    return returned
  }
}
