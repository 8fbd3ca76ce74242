import type http from 'node:http'
import { type AppKind, appOf, type ErrorHandler, type Handler, type Owner, type Served, serve } from './app'
import type { Kit } from './kits'

export const BASE_OPTIONS = { secret: 'keyboard cat', resave: false, saveUninitialized: false } as const

export interface AppOptions {
  kind?: AppKind
  https?: boolean
  /** Before the session middleware. */
  before?: Handler[]
  onError?: ErrorHandler
}

/** An application with a session in front of its handlers. */
export function serveWith(
  kit: Kit,
  owner: Owner,
  options: object,
  handlers: Handler | Handler[],
  { kind = 'express 4', https, before = [], onError }: AppOptions = {},
): Promise<Served> {
  const middleware: Handler = kit.session({ ...BASE_OPTIONS, ...options })
  const all = [...before, middleware, ...([] as Handler[]).concat(handlers)]
  const listener: http.RequestListener = appOf(kind, all, onError)
  return serve(owner, listener, { https: https ?? false })
}

/** How long a request may take before it counts as one that is never answered; long, for a busy machine. */
const PATIENCE_MS = Number(process.env['PATIENCE_MS'] ?? 4000)

/** @throws when `work` is not done in time */
export async function inTime<T>(work: Promise<T>, limitMs = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A door that stays shut until it is opened. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Answers with the session's data, without its cookie. */
export const showData: Handler = (req, res) => {
  const { cookie: _, ...data } = req.session ?? {}
  res.end(JSON.stringify(data))
}

/** Puts one key in the session: `/path?user=ann`. */
export const putData: Handler = (req, res) => {
  const query = new URLSearchParams(req.url.split('?')[1] ?? 'user=ann')
  for (const [key, value] of query) req.session[key] = value
  res.end('put')
}
