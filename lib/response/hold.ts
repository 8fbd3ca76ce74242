import { BodyLength } from './body-length'
import { clearForErrorPage, tellWriters } from './error-page'
import { type Gate, resetGates, takePassed } from './gate'
import type { Guard } from './guard'
import { ResponseHook } from './hook'
import { type HeadArguments, restoreStatus, showHead } from './parts'
import { checkChunk, checkHead, checkLastChunk, refuseHeaders, refuseWrite } from './refusals'
import { endAgain, failCallbacks, type Step } from './steps'
import { WaitingSteps } from './waiting'

/**
 * Stands between a handler and its response: each step that sends headers, the last byte or the end comes to one guard
 * after the other, from the one that was added last to the first. While a guard is at work its step waits, and so do all
 * later ones. Only public methods are used, so that HTTP/2 and doubles work.
 */
export class ResponseHold extends ResponseHook {
  /** All guards were asked about the headers. */
  #asked = false
  /** The steps that wait; `undefined` while nothing is held. */
  #waiting: WaitingSteps | undefined = undefined
  /** Steps that waited are performed: calls of now come from the response's own methods, which call each other. */
  #releasing = false
  /** How much of the body is to come, where its length was declared. */
  #body: BodyLength | undefined = undefined
  #failed = false
  /** The error page is through, and the handler that was stopped does not know. */
  #deaf = false
  /** The connection has closed. */
  #gone = false

  override add(guard: Guard): void {
    super.add(guard)
    // What waits was begun before this guard was there.
    this.gate.passed = this.#waiting?.steps.length ?? 0
    this.#asked = false
    if (this.ended) this.watchClose()
    if (this.#gone) process.nextTick(() => guard.closed(false))
  }

  head(args: HeadArguments): unknown {
    if (this.#waiting && !this.#releasing) refuseHeaders(this.res, 'write')
    if (this.#asked || this.#releasing) return this.ownWriteHead?.apply(this.res, args)
    checkHead(args)
    const step: Step = { kind: 'head', args, last: false }
    return this.#ask(step) ? this.perform(step) : this.res
  }

  flush(): void {
    if (this.#waiting && !this.#releasing) return
    const step: Step = { kind: 'flush', args: [], last: false }
    if (this.#asked || this.#releasing || this.#ask(step)) this.perform(step)
  }

  writeChunk(args: unknown[]): unknown {
    const straight = this.#waiting ? this.#releasing : this.#asked && !this.#body && !this.#failed
    if (straight) return this.ownWrite?.apply(this.res, args)
    if (this.#deaf) return refuseWrite(args)
    checkChunk(args[0])
    const step: Step = { kind: 'write', args, last: false }
    if (this.#waiting) this.#append(this.#waiting, step)
    else if (this.#ask(step)) return this.perform(step)
    return this.#mayWriteMore(step)
  }

  /** What a write that waits is answered. */
  #mayWriteMore(step: Step): boolean {
    const waiting = this.#waiting
    waiting?.count(step)
    const more = !this.ended && !this.#gone && waiting?.full !== true
    if (waiting && !more) waiting.drainOwed = true
    return more
  }

  finish(args: unknown[]): unknown {
    if (this.ended) return endAgain(this.res, this.ownEnd, args, this.#waiting !== undefined)
    checkLastChunk(args[0])
    this.ended = true
    const step: Step = { kind: 'end', args, last: false }
    if (this.#waiting) {
      this.#append(this.#waiting, step)
      return this.res
    }
    if (!this.#ask(step)) return this.res
    let returned: unknown
    try {
      returned = this.perform(step)
    } catch (error) {
      // Refused: the response goes on as if this call had not been.
      this.ended = false
      this.watchClose()
      throw error
    }
    this.#deaf = this.#failed
    this.tellClosed()
    return returned
  }

  /** Asks all guards about a step. @returns whether none has to work on it, so that it may be performed */
  #ask(step: Step): boolean {
    this.#asked = true
    if (step.kind !== 'end') this.watchClose()
    for (let gate: Gate | undefined = this.gate; gate; gate = gate.next) {
      const wait = this.#askGuard(gate, step)
      if (!wait) continue
      if (step.kind === 'head' && !this.headersLeft) step.args = showHead(this.res, step.args)
      const waiting = new WaitingSteps(this.res, step, this.headersLeft)
      for (let outer = this.gate; outer !== gate; outer = outer.next ?? gate) outer.passed = 1
      this.#waiting = waiting
      this.#waitFor(waiting, gate, wait)
      waiting.cover()
      return false
    }
    return true
  }

  #askGuard(gate: Gate, step: Step): PromiseLike<void> | undefined {
    if (gate === this.gate) this.#measure(step)
    if (gate.headers === 'unasked') this.headersDue = true
    return gate.ask(step, this.res)
  }

  /** Notes which step has the last byte of a body whose length was declared. */
  #measure(step: Step): void {
    // The end asks for all of it; HTTP/2 writes its chunk through our own method.
    if (step.kind === 'end') this.#body = undefined
    else if (this.gate.headers === 'unasked' && !this.headersLeft)
      this.#body = BodyLength.from(this.res, step)
    else if (this.#body?.completedBy(step)) {
      step.last = true
      this.#body = undefined
    }
  }

  #waitFor(waiting: WaitingSteps, gate: Gate, wait: PromiseLike<void>): void {
    gate.busy = true
    wait.then(
      () => {
        if (this.#waiting !== waiting) return
        gate.busy = false
        gate.passed++
        waiting.uncover()
        this.#release(waiting)
      },
      (error) => {
        if (this.#waiting !== waiting) return
        waiting.uncover()
        this.#stop(gate, error, waiting.steps, this.headersLeft)
      },
    )
  }

  /** Adds a step to those that wait. Guards that are not at work are asked about it already. */
  #append(waiting: WaitingSteps, step: Step): void {
    waiting.push(step)
    while (this.#askOnce(waiting));
  }

  /** Asks each guard that is not at work about its next step. @returns whether a step has passed a gate */
  #askOnce(waiting: WaitingSteps): boolean {
    let moved = false
    let limit = waiting.steps.length
    for (let gate: Gate | undefined = this.gate; gate; gate = gate.next) {
      const step = waiting.steps[gate.passed]
      if (step && gate.passed < limit && !gate.busy) {
        const wait = this.#askGuard(gate, step)
        if (wait) this.#waitFor(waiting, gate, wait)
        else {
          gate.passed++
          moved = true
        }
      }
      limit = gate.passed
    }
    return moved
  }

  /** Performs what has passed all gates, and asks about what comes after. */
  #release(waiting: WaitingSteps): void {
    const { res } = this
    let more: unknown = true
    this.#releasing = true
    try {
      do {
        let step = takePassed(this.gate, waiting.steps)
        while (step) {
          const returned = this.perform(step)
          if (step.kind === 'write') more = returned
          step = takePassed(this.gate, waiting.steps)
        }
      } while (this.#askOnce(waiting))
    } catch (error) {
      this.#stop(this.gate, error, waiting.steps, res.headersSent !== false)
      return
    } finally {
      this.#releasing = false
    }
    if (waiting.steps.length > 0) {
      waiting.countAgain()
      waiting.cover()
      return
    }
    this.#waiting = undefined
    this.#deaf = this.#failed && this.ended
    if (this.ended || this.#gone) this.tellClosed()
    else if (waiting.drainOwed && more !== false) process.nextTick(() => this.ended || res.emit?.('drain'))
  }

  protected override perform(step: Step): unknown {
    const status = this.#waiting?.status
    // What the handler has set since the headers would have left is too late, as it would have been.
    if (status && this.headersDue && !this.headersLeft) restoreStatus(this.res, status)
    return super.perform(step)
  }

  /** The response does not go on; `steps` is what is lost of it. */
  #stop(failed: Gate, error: unknown, steps: Step[], late: boolean): void {
    const headersLeft = late || this.res.headersSent === true
    const streaming = !this.ended
    this.#waiting = undefined
    this.#failed = true
    this.ended = false
    resetGates(this.gate, headersLeft)
    failCallbacks(steps, error)
    if (!headersLeft) {
      this.#asked = false
      this.headersDue = false
      this.headersLeft = false
      this.#body = undefined
      clearForErrorPage(this)
      if (streaming) process.nextTick(tellWriters, this.res, error)
    }
    failed.guard.failed(error, headersLeft)
  }

  protected onClose(): void {
    this.#gone = true
    if (!this.#waiting) this.tellClosed()
  }
}
