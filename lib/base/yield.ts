import { nextTurn } from './timers'

/** Requests that come while many sessions are listed wait this long, not for the whole list. */
const TURN_MS = 2

/** Goes through what is there at once, with turns of the event loop in between: whoever asks meanwhile is answered. */
export async function* yieldingToEventLoop<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  let sinceMs = performance.now()
  for (const item of items) {
    yield item
    if (performance.now() - sinceMs < TURN_MS) continue
    await nextTurn()
    sinceMs = performance.now()
  }
}
