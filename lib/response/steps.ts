import { callbackOf, type HookedResponse } from './parts'
import { refuseWrite } from './refusals'

/** One call of a handler that sends something. */
export interface Step {
  readonly kind: 'head' | 'flush' | 'write' | 'end'
  args: unknown[]
  /** With it the client has the whole of a body whose length was declared. */
  last: boolean
}

/** The status with which the headers of a step would leave. */
export function statusOfStep({ kind, args }: Step, res: HookedResponse): number {
  return kind === 'head' ? Number(args[0]) | 0 : (res.statusCode ?? 200)
}

/** Bytes of the chunk of `write(chunk, encoding?, callback?)`. */
export function byteLengthOf([chunk, encoding]: unknown[]): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, (encoding || 'utf8') as BufferEncoding)
  return chunk instanceof Uint8Array ? chunk.length : 0
}

/** What was held will not be sent. */
export function failCallbacks(steps: Step[], error: unknown): void {
  for (const { args } of steps) {
    const callback = callbackOf(args)
    if (callback) process.nextTick(callback, error)
  }
}

/**
 * A second end has no effect, but its callback is called.
 *
 * @param held the first one waits
 */
export function endAgain(
  res: HookedResponse,
  ownEnd: HookedResponse['end'],
  args: unknown[],
  held: boolean,
): unknown {
  const callback = callbackOf(args)
  if (!callback) return res
  if (args[0] && args[0] !== callback) refuseWrite(args)
  else if (held) res.on?.('finish', callback)
  else return ownEnd?.call(res, callback)
  return res
}
