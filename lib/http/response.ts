import { isPromise } from '../session/settle'
import { mask, refuseHead, unmask } from './mask'
import { applyHead, type HeadArguments, type HookedResponse, splitHead } from './response-parts'

/** What has to be done before a response may leave. */
export interface Guard {
  /**
   * Called once, when headers would leave; `ending`: together with the end. A promise holds the response until it
   * settles. What it throws or rejects with stops the response: `failed`.
   */
  beforeHeaders(ending: boolean): void | PromiseLike<void>
  /** Called when a response ends whose headers have left already. */
  beforeEnd(): void | PromiseLike<void>
  /** Whether `putHeaders` has something to put. */
  readonly hasHeaders: boolean
  /** Called right before the headers leave. */
  putHeaders(): void
  /** The response was stopped. `headersLeft`: too late for another one. */
  failed(error: unknown, headersLeft: boolean): void
  /** The connection has closed. `ended`: after the handler had ended the response. */
  closed(ended: boolean): void
}

const HOLD: unique symbol = Symbol('sojourn.hold')

type Hooked = HookedResponse & { [HOLD]?: ResponseHold }

type Step =
  | { kind: 'head'; args: HeadArguments }
  | { kind: 'flush' }
  | { kind: 'write'; args: unknown[] }
  | { kind: 'end'; args: unknown[]; checked: boolean }

const HIGH_WATER_MARK = 16 * 1024

/** Headers that describe a body which will not be sent. */
const BODY_HEADERS = [
  'Content-Length',
  'Content-Encoding',
  'Content-Range',
  'Transfer-Encoding',
  'ETag',
  'Last-Modified',
]

/**
 * Stands between a handler and its response: whatever would send headers or the end first asks the guard, and
 * waits in order while the guard is at work. Only public methods of the response are used, so that HTTP/2's
 * responses and test doubles work.
 */
export class ResponseHold {
  readonly res: Hooked
  readonly #guard: Guard
  readonly #writeHead: HookedResponse['writeHead']
  readonly #write: HookedResponse['write']
  readonly #end: HookedResponse['end']
  readonly #flushHeaders: HookedResponse['flushHeaders']
  /** The handler has ended the response. */
  ended = false
  #passed = false
  #watching = false
  /** The connection has closed. */
  #gone = false
  /** Steps that wait; `undefined` while nothing is held. */
  #steps: Step[] | undefined = undefined
  #masked: ReturnType<typeof mask> | undefined = undefined
  #bytes = 0

  constructor(res: HookedResponse, guard: Guard) {
    this.res = res
    this.#guard = guard
    this.#writeHead = res.writeHead
    this.#write = res.write
    this.#end = res.end
    this.#flushHeaders = res.flushHeaders
    // Two middlewares on one response: the second cannot be found by the key, which is the first one's.
    const shared = !this.res[HOLD]
    if (shared) this.res[HOLD] = this
    if (this.#writeHead) res.writeHead = shared ? writeHead : (...args) => this.head(args)
    if (this.#write) res.write = shared ? write : (...args) => this.writeChunk(args)
    if (this.#end) res.end = shared ? end : (...args) => this.finish(args)
    if (this.#flushHeaders) res.flushHeaders = shared ? flushHeaders : () => this.flush()
  }

  /** More was held than the response would buffer itself. */
  get full(): boolean {
    return this.#bytes >= (this.res.writableHighWaterMark || HIGH_WATER_MARK)
  }

  /** Asks for `closed`, once; not before it is needed, since some responses are no emitters. */
  watchClose(): void {
    if (this.#watching || typeof this.res.on !== 'function') return
    this.#watching = true
    this.res.on('close', () => this.onClose())
  }

  head(args: HeadArguments): unknown {
    if (this.#steps) refuseHead()
    const step: Step = { kind: 'head', args }
    return this.#pass(step) ? this.#perform(step) : this.res
  }

  flush(): void {
    if (this.#steps) return
    const step: Step = { kind: 'flush' }
    if (this.#pass(step)) this.#perform(step)
  }

  writeChunk(args: unknown[]): unknown {
    if (this.#passed && !this.#steps) return this.#write?.apply(this.res, args)
    checkChunk(args[0])
    const step: Step = { kind: 'write', args }
    if (this.#steps) this.#steps.push(step)
    else if (this.#pass(step)) return this.#perform(step)
    this.#bytes += lengthOf(args[0])
    return !this.full
  }

  finish(args: unknown[]): unknown {
    if (this.ended) {
      const callback = args.find((arg) => typeof arg === 'function')
      if (callback) process.nextTick(callback as () => void)
      return this.res
    }
    this.ended = true
    if (this.#steps) {
      this.#steps.push({ kind: 'end', args, checked: false })
      return this.res
    }
    const first = !this.#passed
    this.#passed = true
    if (!this.#ask(first, true, { kind: 'end', args, checked: true })) return this.res
    if (first) this.#guard.putHeaders()
    const returned = this.#end?.apply(this.res, args)
    this.#guard.closed(true)
    return returned
  }

  /** Whether a step may go on now; the first one that sends headers asks. */
  #pass(step: Step): boolean {
    if (this.#passed) return true
    this.#passed = true
    this.watchClose()
    if (!this.#ask(true, false, step)) return false
    if (step.kind !== 'head') this.#guard.putHeaders()
    return true
  }

  /** @returns whether the guard had nothing to wait for */
  #ask(headers: boolean, ending: boolean, step: Step): boolean {
    let wait: void | PromiseLike<void>
    try {
      wait = headers ? this.#guard.beforeHeaders(ending) : this.#guard.beforeEnd()
    } catch (error) {
      wait = Promise.reject(error)
    }
    if (!isPromise(wait)) return true
    this.#steps = [step]
    this.#masked = mask(this.res, this)
    wait.then(
      () => this.#release(headers),
      (error) => this.#fail(error, !headers),
    )
    return false
  }

  #release(headers: boolean): void {
    const steps = this.#steps ?? []
    this.#unhold()
    const wasFull = this.full
    this.#bytes = 0
    try {
      if (headers && steps[0]?.kind !== 'head') this.#guard.putHeaders()
      for (let step = steps.shift(); step; step = steps.shift()) {
        if (step.kind === 'end' && !step.checked) {
          step.checked = true
          if (!this.#ask(false, true, step)) return
        }
        this.#perform(step)
      }
    } catch (error) {
      this.#guard.failed(error, true)
      return
    }
    if (this.ended || this.#gone) this.#guard.closed(this.ended)
    else if (wasFull && !this.res.writableNeedDrain) this.res.emit?.('drain')
  }

  #perform(step: Step): unknown {
    const { res } = this
    switch (step.kind) {
      case 'head': {
        if (!this.#guard.hasHeaders) return this.#writeHead?.apply(res, step.args)
        const { status, headers } = splitHead(step.args)
        applyHead(res, headers)
        this.#guard.putHeaders()
        return this.#writeHead?.apply(res, status)
      }
      case 'flush':
        return this.#flushHeaders?.call(res)
      case 'write':
        return this.#write?.apply(res, step.args)
      case 'end':
        return this.#end?.apply(res, step.args)
    }
  }

  #fail(error: unknown, headersLeft: boolean): void {
    const steps = this.#steps ?? []
    this.#unhold()
    this.#bytes = 0
    this.ended = false
    for (const step of steps) {
      if (step.kind !== 'write' && step.kind !== 'end') continue
      const callback = step.args.find((arg) => typeof arg === 'function')
      if (callback) process.nextTick(callback as (error: unknown) => void, error)
    }
    if (!headersLeft) {
      this.#passed = false
      for (const name of BODY_HEADERS) this.res.removeHeader?.(name)
    }
    // Outside the promise's job: what an error handler throws belongs to the process.
    process.nextTick(() => this.#guard.failed(error, headersLeft))
  }

  #unhold(): void {
    this.#steps = undefined
    if (this.#masked) unmask(this.res, this.#masked)
    this.#masked = undefined
  }

  onClose(): void {
    this.#gone = true
    if (!this.#steps) this.#guard.closed(this.ended)
  }
}

/** As Node, which would have refused it at once. */
function checkChunk(chunk: unknown): void {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return
  const error = new TypeError(
    'The "chunk" argument must be of type string or an instance of Buffer or Uint8Array',
  )
  throw Object.assign(error, { code: chunk === null ? 'ERR_STREAM_NULL_VALUES' : 'ERR_INVALID_ARG_TYPE' })
}

function lengthOf(chunk: unknown): number {
  return typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk.length : 0
}

function writeHead(this: Hooked, ...args: HeadArguments): unknown {
  return this[HOLD]?.head(args)
}

function write(this: Hooked, ...args: unknown[]): unknown {
  return this[HOLD]?.writeChunk(args)
}

function end(this: Hooked, ...args: unknown[]): unknown {
  return this[HOLD]?.finish(args)
}

function flushHeaders(this: Hooked): void {
  this[HOLD]?.flush()
}
