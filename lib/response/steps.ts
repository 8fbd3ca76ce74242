import type { Guard } from './guard'
import type { Own } from './hooks'
import { applyHeaders, callbackOf, type HookedResponse, splitHead } from './parts'
import { refuseWrite } from './refusals'

/** One call of a handler that sends something. */
export interface Step {
  readonly kind: 'head' | 'flush' | 'write' | 'end'
  args: unknown[]
  /** The guard was asked about it. */
  checked: boolean
}

/** The status with which the headers of a step would leave. */
export function statusOfStep({ kind, args }: Step, res: HookedResponse): number {
  return kind === 'head' ? Number(args[0]) | 0 : (res.statusCode ?? 200)
}

/** @returns what the response's own method returned */
export function perform(step: Step, res: HookedResponse, own: Own, guard: Guard): unknown {
  const { kind, args } = step
  switch (kind) {
    case 'head': {
      if (!guard.hasHeaders) return own.writeHead?.apply(res, args)
      const { status, headers } = splitHead(args)
      applyHeaders(res, headers)
      guard.putHeaders()
      return own.writeHead?.apply(res, status)
    }
    case 'flush':
      return own.flushHeaders?.call(res)
    case 'write':
      return own.write?.apply(res, args)
    case 'end':
      return own.end?.apply(res, args)
  }
}

/** Bytes of the chunk of `write(chunk, encoding?, callback?)`. */
export function byteLengthOf([chunk, encoding]: unknown[]): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, (encoding || 'utf8') as BufferEncoding)
  return chunk instanceof Uint8Array ? chunk.length : 0
}

export function bytesOf(steps: Step[]): number {
  return steps.reduce((sum, { kind, args }) => sum + (kind === 'write' ? byteLengthOf(args) : 0), 0)
}

/** What was held will not be sent. */
export function failCallbacks(steps: Step[], error: unknown): void {
  for (const { args } of steps) {
    const callback = callbackOf(args)
    if (callback) process.nextTick(callback, error)
  }
}

/** A second end has no effect, but its callback is called. */
export function endAgain(args: unknown[], res: HookedResponse, own: Own, held: boolean): unknown {
  const callback = callbackOf(args)
  if (!callback) return res
  if (args[0] && args[0] !== callback) refuseWrite(args)
  else if (held) res.on?.('finish', callback)
  else return own.end?.call(res, callback)
  return res
}
