/**
 * Clean-up in the background: batches small enough to hold no lock for long. That only one process deletes at a time is the statement's own doing (see `postgres-sql`).
 */

/** @returns how many were dropped by all batches together */
export async function pruneInBatches(
  dropSome: (limit: number) => Promise<number>,
  limit: number,
): Promise<number> {
  let total = 0
  for (;;) {
    const dropped = await dropSome(limit)
    total += dropped
    if (dropped < limit) return total
  }
}
