import { describe, test } from 'node:test'
import { ignore } from '../base/async'
import { nextTurn } from '../base/timers'
import { divide } from './left-out'
import { uncaughtDuring } from './uncaught'
import { within } from './waiting'

/** One behaviour: a name in a user's words, and the code that fails when it is missing. */
export interface Case<Context> {
  readonly name: string
  run(context: Context): Promise<void>
}

/** Cases that a store is excused from, by name and with the reason. A name that no case has is an error. */
export interface Exceptions {
  /**
   * Not run and not counted; the test that says what is not asked of the store lists them with their reasons. For
   * cases that cannot be run at all, as when they end the process by `process.exit` or never give it back.
   */
  readonly skip?: Readonly<Record<string, string>>
  /**
   * Run, and must fail: the test passes while the case fails, with the reason in its title, and fails when the case
   * passes, so that the list stays true when the store gets better. An error that reaches the process meanwhile
   * (thrown where nobody catches, rejected where nobody listens) is a failure of the case like any other.
   */
  readonly knownFailures?: Readonly<Record<string, string>>
}

/** A case that hangs is a failure after this long. */
const CASE_LIMIT_MS = 30_000

/** For a test: the case is to find out first that it hangs, for that may be its known failure. */
const TEST_LIMIT_MS = 2 * CASE_LIMIT_MS

/** The factory failed, not the case: never one of the known failures. */
class FactoryFailure extends Error {}

/**
 * Makes what a case works with, runs the case and clears up, also when it hangs. Rejects with what the case found
 * wrong, which matters more than a second error from clearing up after it.
 */
export async function attempt<Context>(
  item: Case<Context>,
  open: () => Promise<Context & { close(): Promise<void> }>,
): Promise<void> {
  const context = await open().catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new FactoryFailure(`the factory failed: ${reason}`, { cause })
  })
  try {
    await within(item.name, CASE_LIMIT_MS, () => item.run(context))
  } catch (error) {
    await context.close().catch(ignore)
    throw error
  }
  await context.close()
}

export interface Suite<C> extends Exceptions {
  readonly name: string
  readonly cases: readonly C[]
  /** What each capability means, by name. */
  readonly words: Readonly<Record<string, string>>
  readonly capabilities: readonly string[]
  /** Printed for the case. Default: its name. */
  title?(item: C): string
  /** Opens the store, runs the case, closes the store. */
  attempt(item: C): Promise<void>
}

/**
 * Registers with `node:test` every case that the store is asked, and a test that says which it is not.
 *
 * @throws at once when there is no such capability, or when an exception is none: it names a case that does not
 *   exist, or a known failure names one that is not run
 */
export function register<C extends Case<never> & { readonly needs?: readonly string[] }>(
  suite: Suite<C>,
): void {
  const { name, cases, words, capabilities, skip = {}, knownFailures = {} } = suite
  const unknown = capabilities.find((each) => !Object.hasOwn(words, each))
  if (unknown !== undefined) throw new Error(`${name}: there is no capability ${JSON.stringify(unknown)}`)
  const { asked, title, lines } = divide(cases, words, capabilities, skip)
  assertNames(`${name}: no case of the suite is called`, cases, [skip, knownFailures])
  assertNames(`${name}: a known failure is not run at all:`, asked, [knownFailures])
  describe(name, () => {
    if (title !== undefined) {
      test(title, (t) => {
        for (const line of lines) t.diagnostic(line)
      })
    }
    for (const item of asked) {
      const reason = knownFailures[item.name]
      const caseTitle = suite.title?.(item) ?? item.name
      if (reason === undefined) test(caseTitle, { timeout: TEST_LIMIT_MS }, () => suite.attempt(item))
      else {
        test(`${caseTitle} (known failure: ${reason})`, { timeout: TEST_LIMIT_MS }, async (t) => {
          const failures = await failuresOf(() => suite.attempt(item))
          if (failures.length === 0) throw new Error(`no longer fails: take it off the list (${reason})`)
          t.diagnostic(`still fails: ${inOneLine(failures[0])}`)
        })
      }
    }
  })
}

function assertNames(
  complaint: string,
  cases: readonly { readonly name: string }[],
  lists: readonly object[],
): void {
  const names = new Set(cases.map((item) => item.name))
  for (const excused of lists.flatMap((list) => Object.keys(list))) {
    if (!names.has(excused)) throw new Error(`${complaint} ${JSON.stringify(excused)}`)
  }
}

/** How it fails, or nothing when it does not. Errors that reach the process are put down to it. */
async function failuresOf(run: () => Promise<void>): Promise<readonly unknown[]> {
  const failures: unknown[] = []
  const caught = await uncaughtDuring(async () => {
    await run().catch((error: unknown) => failures.push(error))
    // The process is told of a rejection without a listener only after the turn in which it happened.
    await nextTurn()
  })
  const [first] = failures
  if (first instanceof FactoryFailure) throw first
  return [...failures, ...caught]
}

/** The beginning of what an error says, in one line. */
function inOneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/\s+/g, ' ').slice(0, 200)
}
