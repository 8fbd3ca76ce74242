/** Epoch milliseconds. Backends on files and servers take one as an option, for tests that move the time by hand. */
export type Clock = () => number

/** The clock of everything else. Calls `Date.now` by its name each time, so that fake timers which replace it are seen. */
export const systemClock: Clock = () => Date.now()

/** `Date.now` as it was when this package was loaded, to be compared with times that the file system gives. */
export const wallClock: Clock = Date.now
