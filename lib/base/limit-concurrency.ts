import type { Awaitable } from './async'

/** One commit of LMDB, or one turn of a pool of connections, takes many; and as many are held in memory at most. */
const AT_A_TIME = 500

/**
 * Does the same with each item, a batch at a time. A batch is gathered before it is begun: what fails has somebody
 * who waits for it from the start.
 */
export async function limitConcurrency<T>(
  items: AsyncIterable<T> | Iterable<T>,
  each: (item: T) => Awaitable<unknown>,
): Promise<void> {
  let batch: T[] = []
  for await (const item of items) {
    if (batch.push(item) < AT_A_TIME) continue
    await all(batch, each)
    batch = []
  }
  await all(batch, each)
}

async function all<T>(batch: T[], each: (item: T) => Awaitable<unknown>): Promise<void> {
  await Promise.all(batch.map(async (item) => each(item)))
}
