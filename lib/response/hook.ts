import { Gate, putHeaders } from './gate'
import type { Guard } from './guard'
import type { HeadArguments, HookedResponse } from './parts'
import type { Step } from './steps'

const HOOK: unique symbol = Symbol('sojourn.hook')

type Hooked = HookedResponse & { [HOOK]?: ResponseHook }

/**
 * Stands in place of a response's own `writeHead`, `flushHeaders`, `write` and `end`: functions that all responses
 * share, and which find the hook by a key. A response has one hook, however many middlewares guard it.
 */
export abstract class ResponseHook {
  readonly res: HookedResponse
  /** The methods that the response had before: its own, or those of a wrapper. */
  readonly ownWriteHead: HookedResponse['writeHead']
  readonly ownFlushHeaders: HookedResponse['flushHeaders']
  readonly ownWrite: HookedResponse['write']
  readonly ownEnd: HookedResponse['end']
  /** The handler has ended the response. */
  ended = false
  /** The first of the gates that a step comes to: that of the guard which was added last. */
  protected gate: Gate
  /** A guard was asked about the headers and has not put its own. */
  protected headersDue = false
  /** The headers have left, as far as this hook sent them. */
  protected headersLeft = false
  #watching = false

  constructor(res: HookedResponse, guard: Guard) {
    this.res = res
    this.ownWriteHead = res.writeHead
    this.ownFlushHeaders = res.flushHeaders
    this.ownWrite = res.write
    this.ownEnd = res.end
    this.gate = new Gate(guard, undefined)
    ;(res as Hooked)[HOOK] = this
    if (this.ownWriteHead) res.writeHead = writeHead
    if (this.ownFlushHeaders) res.flushHeaders = flushHeaders
    if (this.ownWrite) res.write = write
    if (this.ownEnd) res.end = end
  }

  /** Adds the guard of a middleware that was mounted later; steps come to it first. */
  add(guard: Guard): void {
    this.gate = new Gate(guard, this.gate)
  }

  /** Asks for the guards' `closed`, once; not before it is needed, since some responses are no emitters. */
  watchClose(): void {
    const { res } = this
    if (this.#watching || typeof res.on !== 'function') return
    this.#watching = true
    // A closure: of a response that was wrapped, `this` would be the one inside.
    res.on('close', () => this.onClose())
    // The client has left before a listener was there.
    if (res.destroyed || res.stream?.destroyed) process.nextTick(() => this.onClose())
  }

  /** In place of `writeHead`. */
  abstract head(args: HeadArguments): unknown
  /** In place of `flushHeaders`. */
  abstract flush(): void
  /** In place of `write`. */
  abstract writeChunk(args: unknown[]): unknown
  /** In place of `end`. */
  abstract finish(args: unknown[]): unknown
  /** The connection has closed. */
  protected abstract onClose(): void

  /** Calls the response's own method, after the guards' headers were put. @returns what it returns */
  protected perform(step: Step): unknown {
    const { res } = this
    let { args } = step
    if (this.headersDue) {
      this.headersDue = false
      this.headersLeft = true
      args = putHeaders(res, this.gate, step)
    }
    switch (step.kind) {
      case 'head':
        return this.ownWriteHead?.apply(res, args)
      case 'flush':
        return this.ownFlushHeaders?.call(res)
      case 'write':
        return this.ownWrite?.apply(res, args)
      case 'end':
        return this.ownEnd?.apply(res, args)
    }
  }

  /** Tells the guards that the connection has closed, or that nothing more will come. */
  protected tellClosed(): void {
    for (let gate: Gate | undefined = this.gate; gate; gate = gate.next) {
      gate.guard.closed(this.ended && gate.ended)
    }
  }
}

/** @returns the hook of a response, if it has one */
export function hookOf(res: HookedResponse): ResponseHook | undefined {
  return (res as Hooked)[HOOK]
}

/**
 * Puts our methods back on top: a wrapper that was installed later (compression) still holds state of the abandoned
 * answer, and would spoil the error page.
 */
export function hookAgain({ res, ownWrite, ownEnd }: ResponseHook): void {
  if (ownWrite && res.write !== write) res.write = write
  if (ownEnd && res.end !== end) res.end = end
}

function writeHead(this: Hooked, ...args: HeadArguments): unknown {
  return this[HOOK]?.head(args)
}

function flushHeaders(this: Hooked): void {
  this[HOOK]?.flush()
}

function write(this: Hooked, ...args: unknown[]): unknown {
  return this[HOOK]?.writeChunk(args)
}

function end(this: Hooked, ...args: unknown[]): unknown {
  return this[HOOK]?.finish(args)
}
