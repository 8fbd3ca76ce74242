import assert from 'node:assert/strict'
import { systemClock } from '../base/clock'
import { sleep, timers } from '../base/timers'

/** What a call gives, or a failure that names it when it neither answers nor fails within `limitMs`. */
export async function within<T>(what: string, limitMs: number, call: () => T | Promise<T>): Promise<T> {
  let limit: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    limit = timers.setTimeout(() => {
      const message = `${what}: neither an answer nor an error within ${limitMs} ms`
      reject(new assert.AssertionError({ message }))
    }, limitMs)
  })
  try {
    return await Promise.race([(async () => call())(), late])
  } finally {
    timers.clearTimeout(limit)
  }
}

/** Asks again every 10 ms until the answer is `true`. @throws after `limitMs`, naming what was waited for */
export async function until(
  what: string,
  limitMs: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = systemClock() + limitMs
  while (!(await holds())) {
    if (systemClock() > deadline) assert.fail(`not within ${limitMs} ms: ${what}`)
    await sleep(10)
  }
}

/** Runs `work` over all items, a bounded number at a time. */
export async function inBatches<T>(
  items: readonly T[],
  size: number,
  work: (item: T) => unknown,
): Promise<void> {
  for (let start = 0; start < items.length; start += size) {
    await Promise.all(items.slice(start, start + size).map(work))
  }
}

const SOON_MS = 30

/**
 * Something that has to be done before a near deadline: tried again, with twice the time, when the machine was too
 * slow for it.
 *
 * @param act gets the deadline, and a word to keep the keys of the tries apart
 * @returns what the try in time gave, and how long it is still to the deadline
 */
export async function inTime<T>(
  now: () => number,
  act: (soon: number, word: string) => Promise<T>,
): Promise<{ result: T; word: string; leftMs: number }> {
  for (let timeMs = SOON_MS; ; timeMs *= 2) {
    const soon = now() + timeMs
    const word = `in ${timeMs} ms`
    const result = await act(soon, word)
    const leftMs = soon - now()
    if (leftMs > 0) return { result, word, leftMs }
    if (timeMs > 2000) assert.fail(`it takes longer than ${timeMs} ms`)
  }
}
