import { isPromise } from '../base/async'
import { BodyLength } from './body-length'
import { clearForErrorPage, tellWriters } from './error-page'
import type { Guard } from './guard'
import { hookInto, type Own } from './hooks'
import { type Held, isCalledFromBeneath, mask, showAgain, unmask, withoutMask } from './mask'
import {
  type HeadArguments,
  type HookedResponse,
  restoreStatus,
  type Status,
  showHead,
  statusOf,
} from './parts'
import { checkChunk, checkHead, checkLastChunk, refuseHeaders, refuseWrite } from './refusals'
import { byteLengthOf, bytesOf, endAgain, failCallbacks, perform, type Step, statusOfStep } from './steps'

/** Of a response that names none. */
const HIGH_WATER_MARK = 16 * 1024

/**
 * Stands between a handler and its response: whatever would send headers or the end first asks the guard, and
 * waits in order while the guard is at work. Only public methods are used, so that HTTP/2 and doubles work.
 */
export class ResponseHold implements Held {
  readonly res: HookedResponse
  readonly #guard: Guard
  readonly #own: Own
  /** The handler has ended the response. */
  ended = false
  /** The guard was asked about the headers. */
  #passed = false
  #failed = false
  /** The error page is through, and the handler that was stopped does not know. */
  #deaf = false
  #watching = false
  /** The connection has closed. */
  #gone = false
  /** Steps that wait; `undefined` while nothing is held. */
  #steps: Step[] | undefined = undefined
  /** Bytes that wait. */
  #bytes = 0
  /** A write that waits was answered `false`. */
  #drainOwed = false
  /** How much of the body is to come, where that matters. */
  #body: BodyLength | undefined = undefined
  /** What the status was when the headers would have left. */
  #status: Status | undefined = undefined

  constructor(res: HookedResponse, guard: Guard) {
    this.res = res
    this.#guard = guard
    this.#own = hookInto(res, this)
  }

  /** More was held than the response would buffer itself. */
  get full(): boolean {
    return this.#bytes >= (this.res.writableHighWaterMark || HIGH_WATER_MARK)
  }

  get depth(): number {
    return this.#own.depth
  }

  /** Calls of now have to wait. */
  get #isHeld(): boolean {
    return this.#steps !== undefined && !isCalledFromBeneath(this.res, this)
  }

  /** Asks for `closed`, once; not before it is needed, since some responses are no emitters. */
  watchClose(): void {
    const { res } = this
    if (this.#watching || typeof res.on !== 'function') return
    this.#watching = true
    res.on('close', () => this.#onClose())
    // The client has left before there was anybody to tell.
    if (res.destroyed || res.stream?.destroyed) process.nextTick(() => this.#onClose())
  }

  head(args: HeadArguments): unknown {
    if (this.#isHeld) refuseHeaders(this.res, 'write')
    if (this.#passed) return this.#own.writeHead?.apply(this.res, args)
    checkHead(args)
    const step: Step = { kind: 'head', args, checked: true }
    return this.#pass(step) ? this.#perform(step) : this.res
  }

  flush(): void {
    if (this.#isHeld) return
    const step: Step = { kind: 'flush', args: [], checked: true }
    if (this.#passed || this.#pass(step)) this.#perform(step)
  }

  writeChunk(args: unknown[]): unknown {
    const straight = this.#steps
      ? isCalledFromBeneath(this.res, this)
      : this.#passed && !this.#body && !this.#failed
    if (straight) return this.#own.write?.apply(this.res, args)
    if (this.#deaf) return refuseWrite(args)
    checkChunk(args[0])
    const step: Step = { kind: 'write', args, checked: false }
    if (this.#steps) this.#steps.push(step)
    else if (this.#passed ? this.#mayGo(step) : this.#pass(step)) return this.#perform(step)
    this.#bytes += byteLengthOf(args)
    const more = !this.ended && !this.#gone && !this.full
    this.#drainOwed ||= !more
    return more
  }

  finish(args: unknown[]): unknown {
    if (this.ended) return endAgain(args, this.res, this.#own, this.#steps !== undefined)
    checkLastChunk(args[0])
    this.ended = true
    const step: Step = { kind: 'end', args, checked: false }
    if (this.#steps) {
      this.#steps.push(step)
      showAgain(this.res)
      return this.res
    }
    const first = !this.#passed
    this.#passed = true
    if (!this.#ask(step, first)) return this.res
    let returned: unknown
    try {
      if (first) this.#guard.putHeaders()
      returned = this.#perform(step)
    } catch (error) {
      // Refused: the response goes on as if this call had not been.
      this.ended = false
      this.watchClose()
      throw error
    }
    this.#deaf = this.#failed
    this.#guard.closed(true)
    return returned
  }

  /** Whether the first step that sends headers may go on now. */
  #pass(step: Step): boolean {
    this.#passed = true
    this.watchClose()
    if (!this.#ask(step, true)) return false
    if (step.kind !== 'head') this.#guard.putHeaders()
    this.#body = BodyLength.from(this.res, step)
    return true
  }

  /** Whether a step after the headers may go on now. */
  #mayGo(step: Step): boolean {
    if (step.checked || step.kind === 'end') return step.checked || this.#ask(step, false)
    step.checked = true
    if (!this.#body?.completedBy(step)) return true
    this.#body = undefined
    return this.#ask(step, false)
  }

  /** @returns whether the guard had nothing to wait for */
  #ask(step: Step, headers: boolean): boolean {
    const guard = this.#guard
    step.checked = true
    if (step.kind === 'end') this.#body = undefined
    let wait: void | PromiseLike<void>
    try {
      if (headers) wait = guard.beforeHeaders(step.kind === 'end', statusOfStep(step, this.res))
      else wait = step.kind === 'end' ? guard.beforeEnd() : guard.beforeLastByte()
    } catch (error) {
      wait = Promise.reject(error)
    }
    if (!isPromise(wait)) return true
    if (headers) {
      if (step.kind === 'head') step.args = showHead(this.res, step.args)
      this.#status = statusOf(this.res)
    }
    this.#steps = [step]
    mask(this.res, this)
    wait.then(
      () => withoutMask(this.res, this, () => this.#release(headers)),
      (error) => withoutMask(this.res, this, () => this.#stop(error, this.#steps ?? [], !headers)),
    )
    return false
  }

  #release(headers: boolean): void {
    const { res } = this
    const steps = this.#steps ?? []
    this.#letGo()
    let more: unknown = true
    try {
      if (headers && steps[0]) this.#releaseHead(steps[0])
      for (let step = steps.shift(); step; step = steps.shift()) {
        if (!this.#mayGo(step)) {
          this.#steps = [step, ...steps]
          this.#bytes = bytesOf(this.#steps)
          return
        }
        const returned = this.#perform(step)
        if (step.kind === 'write') more = returned
      }
    } catch (error) {
      this.#stop(error, steps, res.headersSent !== false)
      return
    }
    this.#deaf = this.#failed && this.ended
    if (this.ended || this.#gone) this.#guard.closed(this.ended)
    else if (this.#drainOwed && more !== false) process.nextTick(() => this.ended || res.emit?.('drain'))
    this.#drainOwed = false
  }

  #releaseHead(first: Step): void {
    const { res } = this
    // What the handler has set since is too late, as it would have been.
    if (this.#status) restoreStatus(res, this.#status)
    if (first.kind !== 'head') this.#guard.putHeaders()
    // The end has asked for all of it; HTTP/2 writes its chunk through our own method.
    if (first.kind !== 'end') this.#body = BodyLength.from(res, first)
    first.checked = true
  }

  #perform(step: Step): unknown {
    return perform(step, this.res, this.#own, this.#guard)
  }

  /** The response does not go on; `steps` is what is lost of it. */
  #stop(error: unknown, steps: Step[], late: boolean): void {
    const headersLeft = late || this.res.headersSent === true
    const streaming = !this.ended
    this.#letGo()
    this.#failed = true
    this.#drainOwed = false
    this.ended = false
    failCallbacks(steps, error)
    if (!headersLeft) {
      this.#passed = false
      clearForErrorPage(this.res, this.#own)
      if (streaming) process.nextTick(tellWriters, this.res, error)
    }
    this.#guard.failed(error, headersLeft)
  }

  #letGo(): void {
    this.#steps = undefined
    this.#bytes = 0
    unmask(this.res, this)
  }

  #onClose(): void {
    this.#gone = true
    if (!this.#steps) this.#guard.closed(this.ended)
  }
}
