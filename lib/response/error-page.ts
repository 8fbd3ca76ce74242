import { ignore } from '../base/async'
import { hookAgain, type ResponseHook } from './hook'
import type { HookedResponse } from './parts'

/** Headers that speak of the answer that will not be sent, and would be wrong on the error page. */
const ANSWER_HEADERS = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Range',
  'Content-Type',
  'ETag',
  'Expires',
  'Last-Modified',
  'Location',
  'Trailer',
  'Transfer-Encoding',
]

/** Makes a response whose headers have not left ready for an error page. */
export function clearForErrorPage(hook: ResponseHook): void {
  const { res } = hook
  hookAgain(hook)
  for (const name of ANSWER_HEADERS) {
    // Node gives a response whose length or encoding was removed, though never set, neither of them.
    if (res.getHeader?.(name) !== undefined) res.removeHeader?.(name)
  }
  // RFC 9111 section 4: with a life of its own even an error may be kept by caches.
  const cacheControl = String(res.getHeader?.('Cache-Control') ?? '')
  if (/max-age|public/i.test(cacheControl)) res.removeHeader?.('Cache-Control')
  // With the status of a redirect the browser would not show the error page.
  if (res.statusCode !== undefined) res.statusCode = 200
  if (Object.hasOwn(res, 'statusMessage')) res.statusMessage = undefined
}

/**
 * Tells streams that still write into the response that it has failed, by the event of a stream: a `pipe` stops,
 * a `pipeline` ends with the error.
 */
export function tellWriters(res: HookedResponse, error: unknown): void {
  if (!res.emit || !res.on || !res.off) return
  // Without a listener `error` would end the process, and the failure goes to `next` as well.
  res.on('error', ignore)
  try {
    res.emit('error', error)
  } finally {
    res.off('error', ignore)
  }
}

/** RFC 9113 section 7 */
const HTTP2_INTERNAL_ERROR = 2

/**
 * Breaks off a response that is half sent, so that the client cannot take it for whole: by a reset, since the
 * end of a connection is the end of a body that has neither length nor chunks (RFC 9112 section 6.3).
 */
export function breakOff(res: HookedResponse): void {
  if (res.stream?.close) {
    res.stream.close(HTTP2_INTERNAL_ERROR)
    return
  }
  try {
    res.socket?.resetAndDestroy?.()
  } catch {
    // Neither TLS nor unix sockets have a reset.
  }
  res.destroy?.()
}
