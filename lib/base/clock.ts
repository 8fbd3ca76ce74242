/** Where the time comes from. Tests hand in their own; everything in `lib/` that asks for the time takes one. */
export type Clock = () => number

/** Epoch milliseconds. Looked up per call, so that fake timers which replace `Date` are seen. */
export const systemClock: Clock = () => Date.now()
