import type { HeadArguments, HookedResponse } from './parts'

/** Who is called in place of the response's own methods. */
export interface Hooks {
  head(args: HeadArguments): unknown
  flush(): void
  writeChunk(args: unknown[]): unknown
  finish(args: unknown[]): unknown
}

/** The response's own methods, or what others had put over them before. */
export interface Own {
  readonly writeHead: HookedResponse['writeHead']
  readonly write: HookedResponse['write']
  readonly end: HookedResponse['end']
  readonly flushHeaders: HookedResponse['flushHeaders']
  /** How many other hooks stand between these and the response's own methods. */
  readonly depth: number
  /** Our own in their place. */
  put: { readonly write: HookedResponse['write']; readonly end: HookedResponse['end'] }
}

const HOOKS: unique symbol = Symbol('sojourn.hooks')

const COUNT: unique symbol = Symbol('sojourn.hook-count')

type Hooked = HookedResponse & { [HOOKS]?: Hooks; [COUNT]?: number }

/**
 * Puts our methods on a response: functions that all responses share, which find their hooks by a key.
 *
 * @returns what they stand in front of
 */
export function hookInto(res: HookedResponse, hooks: Hooks): Own {
  const hooked = res as Hooked
  // Two middlewares on one response: the second cannot be found by the key, which is the first one's.
  const shared = !hooked[HOOKS]
  if (shared) hooked[HOOKS] = hooks
  else hooked[COUNT] = (hooked[COUNT] ?? 0) + 1
  const own: Own = {
    writeHead: res.writeHead,
    write: res.write,
    end: res.end,
    flushHeaders: res.flushHeaders,
    depth: shared ? 0 : (hooked[COUNT] ?? 0),
    put: SHARED,
  }
  if (res.writeHead) res.writeHead = shared ? writeHead : (...args) => hooks.head(args)
  if (res.write) res.write = shared ? write : (...args) => hooks.writeChunk(args)
  if (res.end) res.end = shared ? end : (...args) => hooks.finish(args)
  if (res.flushHeaders) res.flushHeaders = shared ? flushHeaders : () => hooks.flush()
  if (!shared) own.put = { write: res.write, end: res.end }
  return own
}

/**
 * Makes ours the first that are called again. Whoever has put a `write` and an `end` over ours, as compression
 * does, has been at work on an answer that was stopped: for the error page that is over, or all is as ended.
 */
export function putAgain(res: HookedResponse, own: Own): void {
  const { put } = own
  if (own.write && put.write && res.write !== put.write) res.write = put.write
  if (own.end && put.end && res.end !== put.end) res.end = put.end
}

function writeHead(this: Hooked, ...args: HeadArguments): unknown {
  return this[HOOKS]?.head(args)
}

function write(this: Hooked, ...args: unknown[]): unknown {
  return this[HOOKS]?.writeChunk(args)
}

function end(this: Hooked, ...args: unknown[]): unknown {
  return this[HOOKS]?.finish(args)
}

function flushHeaders(this: Hooked): void {
  this[HOOKS]?.flush()
}

const SHARED = { write, end }
