import type http from 'node:http'
import { type AppKind, appOf, type Handler, type Owner, type Served, serve } from '../support/app'
import { expressSession, type Kit, sojourn } from '../support/kits'

/** One fault: `run` ends well where a visitor does not meet it, and fails where he does. */
export interface FaultCase {
  readonly number: number
  readonly title: string
  run(kit: Kit, owner: Owner): Promise<void> | void
}

export type Verdict = { readonly number: number; readonly failure: string | undefined }

export const BASE_OPTIONS = { secret: 'keyboard cat', resave: false, saveUninitialized: false } as const

export interface AppOptions {
  kind?: AppKind
  https?: boolean
  /** Before the session middleware. */
  before?: Handler[]
}

/** An application with a session in front of its handlers. */
export function serveWith(
  kit: Kit,
  owner: Owner,
  options: object,
  handlers: Handler | Handler[],
  { kind = 'express 4', https, before = [] }: AppOptions = {},
): Promise<Served> {
  const middleware: Handler = kit.session({ ...BASE_OPTIONS, ...options })
  const listener: http.RequestListener = appOf(kind, [
    ...before,
    middleware,
    ...([] as Handler[]).concat(handlers),
  ])
  return serve(owner, listener, { https: https ?? false })
}

/** How long a request may take before it counts as one that is never answered. */
const PATIENCE_MS = 700

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

/** Runs one case; what it leaves behind in the process counts as its failure too. */
export async function judge(one: FaultCase, kit: Kit): Promise<Verdict> {
  const endings: Array<() => unknown> = []
  let crash: unknown
  const onCrash = (error: unknown) => {
    crash ??= error
  }
  process.on('uncaughtException', onCrash)
  process.on('unhandledRejection', onCrash)
  let failure: string | undefined
  try {
    await inTime(Promise.resolve(one.run(kit, { after: (work) => endings.unshift(work) })), 5000)
  } catch (error) {
    failure = firstLine(error)
  }
  for (const end of endings) await end()
  // Crashes come a turn or two later.
  await new Promise((resolve) => setTimeout(resolve, 5))
  process.off('uncaughtException', onCrash)
  process.off('unhandledRejection', onCrash)
  if (crash) failure = `the process crashes: ${firstLine(crash)}`
  return { number: one.number, failure }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n', 1)[0] || String(error)
}

/** `node --import tsx test/faults/case.ts express-session`: the verdicts of one package as JSON. */
async function main(name: string | undefined): Promise<void> {
  const { CASES } = require('./express-session') as typeof import('./express-session')
  const kit = name === expressSession.name ? expressSession : sojourn
  const verdicts: Verdict[] = []
  for (const one of CASES) verdicts.push(await judge(one, kit))
  process.stdout.write(JSON.stringify(verdicts), () => process.exit())
}

if (require.main === module) void main(process.argv[2])
