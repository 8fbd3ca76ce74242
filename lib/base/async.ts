/**
 * What callbacks of express-session are typed with: its users write `error.message` without a cast, and
 * their code has to go on compiling.
 */
export type LooseError = ReturnType<typeof JSON.parse>

/** Node's callback form. */
export type Callback<T = void> = (error?: LooseError, value?: T) => void

/** What is there at once or later. What answers at once keeps a whole request synchronous. */
export type Awaitable<T> = T | Promise<T>

export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<T>).then === 'function'
}

/** Goes on with a value that is there, or that will be: what answers at once stays synchronous. */
export function whenDone<T, R>(
  value: T | PromiseLike<T>,
  next: (value: T) => R | PromiseLike<R>,
): R | Promise<R> {
  if (isPromise(value)) return Promise.resolve(value).then(next)
  return next(value) as R | Promise<R>
}

/**
 * The one place where a caller's callback is called: exactly once, never before the caller has returned, and
 * outside any `try` and any promise, so that what it throws reaches the process and causes no second call.
 *
 * Without a callback the promise is the answer. One that nobody awaits never ends the process: what failed is
 * also an event.
 */
export function settle<T>(work: () => T | PromiseLike<T>, callback?: Callback<T> | undefined): Promise<T> {
  const promise = new Promise<T>((resolve) => resolve(work()))
  if (callback) {
    promise.then(
      (value) => callBack(callback, null, value),
      (error) => callBack(callback, error),
    )
  } else {
    promise.catch(ignore)
  }
  return promise
}

/** nextTick leaves the promise's job, in which a throw would be an unhandled rejection instead. */
function callBack<T>(callback: Callback<T>, error: unknown, value?: T): void {
  if (value === undefined) process.nextTick(callback, error)
  else process.nextTick(callback, error, value)
}

/** For a failure that is told elsewhere, or a callback that nobody gave. */
export function ignore(): void {}

/** A store's callback method as a promise; a second answer has no effect. */
export function asked<T = void>(call: (done: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value as T)))
  })
}
