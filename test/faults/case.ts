import type { Owner } from '../support/app'
import { expressSession, type Kit, sojourn } from '../support/kits'
import { inTime } from '../support/session-app'

/** One fault: `run` ends well where a visitor does not meet it, and fails where he does. */
export interface FaultCase {
  readonly number: number
  readonly title: string
  run(kit: Kit, owner: Owner): Promise<void> | void
}

export type Verdict = { readonly number: number; readonly failure: string | undefined }

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
    await inTime(Promise.resolve(one.run(kit, { after: (work) => endings.unshift(work) })), 15_000)
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
