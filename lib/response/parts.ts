import { nodeHttp } from './node-http'

/** The public parts of a response that are used; all optional, since test doubles lack some. */
export interface HookedResponse {
  writeHead?: (...args: HeadArguments) => unknown
  write?: (...args: unknown[]) => unknown
  end?: (...args: unknown[]) => unknown
  flushHeaders?: () => unknown
  getHeader?: (name: string) => unknown
  setHeader?: (name: string, value: string | string[]) => unknown
  appendHeader?: (name: string, value: string | string[]) => unknown
  removeHeader?: (name: string) => void
  on?: (event: string, listener: (...args: never[]) => void) => unknown
  off?: (event: string, listener: (...args: never[]) => void) => unknown
  emit?: (event: string, ...args: unknown[]) => unknown
  destroy?: (error?: Error) => unknown
  statusCode?: number
  statusMessage?: string | undefined
  readonly headersSent?: boolean
  readonly writableEnded?: boolean
  finished?: boolean
  readonly destroyed?: boolean
  readonly writableHighWaterMark?: number
  readonly writableNeedDrain?: boolean
  readonly req?: {
    readonly httpVersionMajor?: number
    readonly headers?: { readonly upgrade?: string }
    url?: string
  }
  /** HTTP/1. */
  readonly socket?: { resetAndDestroy?: () => unknown } | null
  /** HTTP/2. */
  readonly stream?: { readonly destroyed?: boolean; close?: (code: number) => void }
}

/** `writeHead(status, reason?, headers?)` */
export type HeadArguments = unknown[]

export interface Head {
  readonly status: HeadArguments
  /** An object, a flat list of names and values, or a list of pairs; as Node takes them. */
  readonly headers: unknown
}

export function isHttp2(res: HookedResponse): boolean {
  return res.req?.httpVersionMajor === 2
}

export function splitHead(args: HeadArguments): Head {
  const [status, reason, headers] = args
  return typeof reason === 'string'
    ? { status: [status, reason], headers }
    : { status: [status], headers: headers ?? reason }
}

/**
 * Sets the headers of a `writeHead` call one by one, as Node does when some have been set before, so that ours
 * can be added to them.
 */
export function applyHeaders(res: HookedResponse, headers: unknown): void {
  const seen = new Set<string>()
  for (const [name, value] of headerPairs(headers)) {
    const again = seen.has(name.toLowerCase())
    seen.add(name.toLowerCase())
    if (again) appendHeader(res, name, value)
    else res.setHeader?.(name, value)
  }
}

/**
 * Makes a response show a `writeHead` that is held: its status and headers.
 *
 * @returns the arguments for the `writeHead` that is still to come
 */
export function showHead(res: HookedResponse, args: HeadArguments): HeadArguments {
  const { status, headers } = splitHead(args)
  const [code, reason] = status
  applyHeaders(res, headers)
  res.statusCode = Number(code) | 0
  // HTTP/2 has no reasons, and warns.
  if (!isHttp2(res)) {
    if (typeof reason === 'string') res.statusMessage = reason
    else res.statusMessage ||= nodeHttp().STATUS_CODES[res.statusCode] ?? 'unknown'
  }
  return status
}

export interface ResponseStatus {
  readonly code: number | undefined
  readonly message: string | undefined
}

export function statusOf(res: HookedResponse): ResponseStatus {
  return { code: res.statusCode, message: isHttp2(res) ? undefined : res.statusMessage }
}

export function restoreStatus(res: HookedResponse, { code, message }: ResponseStatus): void {
  if (code !== undefined && res.statusCode !== code) res.statusCode = code
  if (!isHttp2(res) && res.statusMessage !== message) res.statusMessage = message
}

/** Adds a value to a header, whatever form its present values have. */
export function appendHeader(res: HookedResponse, name: string, value: string | string[]): void {
  const present = res.getHeader?.(name)
  if (present === undefined) {
    res.setHeader?.(name, value)
    return
  }
  res.setHeader?.(name, ([] as string[]).concat(present as string | string[], value))
}

export function callbackOf(args: unknown[]): ((error?: unknown) => void) | undefined {
  return args.find((arg) => typeof arg === 'function') as ((error?: unknown) => void) | undefined
}

export function* headerPairs(headers: unknown): Iterable<[string, string | string[]]> {
  if (typeof headers !== 'object' || headers === null) return
  if (!Array.isArray(headers)) {
    for (const name of Object.keys(headers)) yield [name, (headers as Record<string, string>)[name] as string]
    return
  }
  if (headers.every(Array.isArray)) {
    for (const [name, value] of headers) yield [String(name), value]
    return
  }
  for (let i = 0; i + 1 < headers.length; i += 2) yield [String(headers[i]), headers[i + 1]]
}
