import { describe, test } from 'node:test'
import { within } from './waiting'

/** One behaviour: a name in a user's words, and the code that fails when it is missing. */
export interface Case<Context> {
  readonly name: string
  run(context: Context): Promise<void>
}

/** Cases that a store is excused from. Reasons are printed; a name that no case has is an error. */
export interface Exceptions {
  /** Not run. By case name, with the reason. */
  readonly skip?: Readonly<Record<string, string>>
  /**
   * Run, and must fail. By case name, with the reason. One that passes is reported as a failure, so that the
   * list stays true when the store gets better.
   */
  readonly knownFailures?: Readonly<Record<string, string>>
}

/** A case that hangs is a failure after this long. */
const CASE_LIMIT_MS = 30_000

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
    await context.close().catch(() => {})
    throw error
  }
  await context.close()
}

export interface Suite<C> extends Exceptions {
  readonly name: string
  readonly cases: readonly C[]
  /** Printed for the case. Default: its name. */
  title?(item: C): string
  /** @returns why this store cannot have this case, printed as a skip */
  unmet(item: C): string | undefined
  /** Opens the store, runs the case, closes the store. */
  attempt(item: C): Promise<void>
}

/** Registers every case with `node:test`. @throws at once when an exception names a case that does not exist */
export function register<C extends Case<never>>(suite: Suite<C>): void {
  const { name, cases, skip = {}, knownFailures = {} } = suite
  const names = new Set(cases.map((item) => item.name))
  for (const excused of [...Object.keys(skip), ...Object.keys(knownFailures)]) {
    if (!names.has(excused))
      throw new Error(`${name}: no case of the suite is called ${JSON.stringify(excused)}`)
  }
  describe(name, () => {
    for (const item of cases) {
      const reason = skip[item.name] ?? suite.unmet(item)
      const known = knownFailures[item.name]
      const title = suite.title?.(item) ?? item.name
      test(title, {
        timeout: CASE_LIMIT_MS,
        ...(reason === undefined ? {} : { skip: reason }),
      }, async (t) => {
        if (known === undefined) return suite.attempt(item)
        const failure = await suite.attempt(item).then(
          () => undefined,
          (error: unknown) => error ?? 'rejected with nothing',
        )
        if (failure instanceof FactoryFailure) throw failure
        if (failure === undefined) {
          throw new Error(`listed as a known failure (${known}), but it passes: take it off the list`)
        }
        t.skip(`known failure: ${known}`)
      })
    }
  })
}
