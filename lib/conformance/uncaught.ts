/** What reaches the process while `work` runs: thrown where nobody catches, or rejected where nobody listens. */
export async function uncaughtDuring(work: (caught: unknown[]) => Promise<void>): Promise<unknown[]> {
  const caught: unknown[] = []
  const heard = (error: unknown) => {
    caught.push(error)
  }
  // The test runner listens too and would blame the case: it is put aside, not added to.
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const aside = events.map((event) => ({ event, listeners: process.rawListeners(event) }))
  for (const { event } of aside) {
    process.removeAllListeners(event)
    process.on(event, heard)
  }
  try {
    await work(caught)
  } finally {
    for (const { event, listeners } of aside) {
      process.removeListener(event, heard)
      for (const listener of listeners) process.on(event, listener as (error: unknown) => void)
    }
  }
  return caught
}
