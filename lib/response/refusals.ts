import { nodeHttp } from './node-http'
import { callbackOf, type HookedResponse, headerPairs, isHttp2, splitHead } from './parts'

/*
 * What Node refuses at once has to be refused at once also while a response is held: once its calls are made good,
 * the handler is no longer there to be told. Codes and words are Node's.
 */

/** @throws TypeError ERR_STREAM_NULL_VALUES or ERR_INVALID_ARG_TYPE */
export function checkChunk(chunk: unknown): void {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return
  throw chunk === null
    ? coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream')
    : coded(
        TypeError,
        'ERR_INVALID_ARG_TYPE',
        'The "chunk" argument must be of type string or an instance of Buffer or Uint8Array.',
      )
}

/** Of `end(chunk?, …)`: what is falsy or a function is no chunk. @throws as `checkChunk` */
export function checkLastChunk(chunk: unknown): void {
  if (chunk && typeof chunk !== 'function') checkChunk(chunk)
}

/** Of `writeHead`. @throws for a status or headers that cannot be sent */
export function checkHead(args: unknown[]): void {
  const { status, headers } = splitHead(args)
  const code = Number(status[0]) | 0
  if (code < 100 || code > 999) {
    throw coded(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${String(status[0])}`)
  }
  if (Array.isArray(headers) && headers.length % 2 !== 0 && !Array.isArray(headers[0])) {
    throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'headers' is invalid.")
  }
  for (const [name, value] of headerPairs(headers)) {
    nodeHttp().validateHeaderName(name)
    nodeHttp().validateHeaderValue(name, value as string)
  }
}

/** @throws Error as Node does when headers are set, removed or written after they were sent */
export function refuseHeaders(res: HookedResponse, verb: string): never {
  throw isHttp2(res)
    ? coded(Error, 'ERR_HTTP2_HEADERS_SENT', 'Response has already been initiated.')
    : coded(Error, 'ERR_HTTP_HEADERS_SENT', `Cannot ${verb} headers after they are sent to the client`)
}

/** A write that has no effect, and says so to its callback alone: an `error` event could end the process. */
export function refuseWrite(args: unknown[]): false {
  const callback = callbackOf(args)
  if (callback) process.nextTick(callback, coded(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end'))
  return false
}

function coded(Kind: new (message: string) => Error, code: string, message: string): Error {
  return Object.assign(new Kind(message), { code })
}
