import { ignore, isPromise } from '../base/async'
import { timers } from '../base/timers'
import { warnOnce } from '../base/warnings'
import { breakOff } from './error-page'
import type { HookedResponse } from './parts'

/** The application's answer, for hosts where a call of `next` reaches no error handler. */
export type OnError = (error: unknown, req: never, res: never) => unknown

/** A response that was stopped, and what the failure is told to. */
export interface StoppedResponse {
  readonly res: HookedResponse
  readonly next: (error?: unknown) => unknown
  readonly onError: OnError | undefined
  /** Too late for another answer. */
  readonly headersLeft: boolean
}

/** Milliseconds in which an answer has to begin, where there is no sign that anybody is at work on one. */
const GRACE_MS = 250

/** Breaks off what went out by half, and tells `next`, after which an answer comes in any case. */
export function stopResponse(error: unknown, stopped: StoppedResponse): void {
  // No error page can follow half a response: the client must not take it for whole, not even when the error handler
  // ends it.
  if (stopped.headersLeft && !stopped.res.writableEnded) breakOff(stopped.res)
  // Outside the promise's job: what an error handler throws belongs to the process.
  process.nextTick(answerFailure, error, stopped)
}

/**
 * Tells that a response was stopped, and answers when the application does not: many hosts turn the first call of `next` into
 * a promise, and take no notice of a second.
 */
function answerFailure(error: unknown, stopped: StoppedResponse): void {
  const { res, next, headersLeft } = stopped
  if (isMiddie(res.req)) {
    answerInstead(error, stopped, 0)
    return
  }
  const path = watchPath(res.req)
  let returned: unknown
  let thrown = true
  try {
    returned = next(error)
    thrown = false
  } finally {
    // What it throws belongs to the process, and the client is not to wait.
    if (thrown) path.stop()
    if (thrown && !headersLeft) answerPlainly(res)
  }
  // A router goes on in this turn or, out of a sub-application, in one of the next two.
  timers.setImmediate(() =>
    timers.setImmediate(() => {
      path.stop()
      if (path.seen || (!headersLeft && needsNone(res))) return
      if (isPromise(returned))
        Promise.resolve(returned).finally(() => answerInstead(error, stopped, GRACE_MS))
      else answerInstead(error, stopped, GRACE_MS)
    }),
  )
}

/** @param graceMs how long another answer may still begin, where the application has no `onError` */
function answerInstead(
  error: unknown,
  { res, onError, headersLeft }: StoppedResponse,
  graceMs: number,
): void {
  if (!headersLeft && needsNone(res)) return
  const answer = (ms: number) => {
    if (headersLeft || needsNone(res)) return
    if (ms === 0) answerPlainly(res)
    else timers.setTimeout(answerPlainly, ms, res).unref()
  }
  const failed = (thrown: unknown) => {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    warnOnce(
      'SOJOURN_ON_ERROR',
      `the option onError failed itself, and the answer was a bare 500: ${message}`,
    )
    answer(0)
  }
  if (!onError) {
    answer(graceMs)
    return
  }
  try {
    const returned = onError(error, res.req as never, res as never)
    if (isPromise(returned)) returned.then(() => answer(0), failed)
    else answer(GRACE_MS)
  } catch (thrown) {
    failed(thrown)
  }
}

function needsNone(res: HookedResponse): boolean {
  // A status alone is a sign as well, since `clearForErrorPage` has set it to 200; and a client that left waits for nothing.
  return (
    res.headersSent === true ||
    res.writableEnded === true ||
    res.destroyed === true ||
    (res.statusCode ?? 200) !== 200
  )
}

/** Without any detail of the failure (OWASP ASVS 16.5.1). */
function answerPlainly(res: HookedResponse): void {
  if (needsNone(res)) return
  res.statusCode = 500
  res.setHeader?.('Content-Type', 'text/plain; charset=utf-8')
  res.setHeader?.('Cache-Control', 'no-store')
  res.end?.('Internal Server Error')
  // An error page that comes all the same must not end the process.
  for (const name of ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader', 'writeHead'] as const) {
    ;(res as Record<string, unknown>)[name] = () => res
  }
}

/**
 * A second call of middie's `next` must not be: its state is in a pool by then, and another visitor's request would
 * be the one to go on. Known by what it puts on the request itself, which Express has on its prototype.
 */
function isMiddie(req: object | undefined): boolean {
  return req !== undefined && ['log', 'ips', 'hostname'].every((name) => Object.hasOwn(req, name))
}

interface PathWatch {
  /** The path was looked at since. */
  readonly seen: boolean
  stop(): void
}

/**
 * Watches whether code reads the path of a request. Routers do so to find their error handlers, which may take their
 * time; a `next` that only settles a promise does not.
 */
function watchPath(req: { url?: string } | undefined): PathWatch {
  const watch = { seen: false, stop() {} }
  if (!req || !Object.isExtensible(req)) return watch
  const own = Object.getOwnPropertyDescriptor(req, 'url')
  if (own && !('value' in own && own.configurable)) return watch
  const stop = () => {
    watch.stop = ignore
    if (own) Object.defineProperty(req, 'url', own)
    else delete req.url
  }
  const look = () => {
    watch.seen = true
    stop()
  }
  watch.stop = stop
  Object.defineProperty(req, 'url', {
    configurable: true,
    enumerable: own?.enumerable ?? false,
    get() {
      look()
      return req.url
    },
    set(url: string) {
      look()
      req.url = url
    },
  })
  return watch
}
