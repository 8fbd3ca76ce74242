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
  on?: (event: string, listener: () => void) => unknown
  emit?: (event: string) => unknown
  destroy?: (error?: Error) => unknown
  readonly headersSent?: boolean
  readonly writableEnded?: boolean
  readonly writableHighWaterMark?: number
  readonly writableNeedDrain?: boolean
}

/** `writeHead(status, reason?, headers?)` */
export type HeadArguments = unknown[]

export interface Head {
  readonly status: HeadArguments
  /** An object, a flat list of names and values, or a list of pairs; as Node takes them. */
  readonly headers: unknown
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
export function applyHead(res: HookedResponse, headers: unknown): void {
  const seen = new Set<string>()
  for (const [name, value] of pairs(headers)) {
    if (value === undefined) continue
    const again = seen.has(name.toLowerCase())
    seen.add(name.toLowerCase())
    if (again) appendHeader(res, name, value)
    else res.setHeader?.(name, value)
  }
}

/** Adds a value to a header, in whichever form the others stand there. */
export function appendHeader(res: HookedResponse, name: string, value: string | string[]): void {
  const present = res.getHeader?.(name)
  if (present === undefined) {
    res.setHeader?.(name, value)
    return
  }
  res.setHeader?.(name, ([] as string[]).concat(present as string | string[], value))
}

function* pairs(headers: unknown): Iterable<[string, string | string[]]> {
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
