/**
 * Where the time comes from, for the parts whose tests move it by hand. The others ask `Date.now()` itself, which fake
 * timers replace.
 */
export type Clock = () => number

/** Epoch milliseconds. Looked up per call, so that fake timers which replace `Date` are seen. */
export const systemClock: Clock = () => Date.now()
