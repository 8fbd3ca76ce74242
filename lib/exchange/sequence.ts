import { ignore } from '../base/async'

/** What one request has begun to do with its session: methods that its handler has called, and commits. */
export class Sequence {
  /** Settles when all methods are done. */
  #methods: Promise<void> | undefined = undefined
  /** Settles when the commit that is at work is done. */
  #commit: Promise<void> | undefined = undefined

  /** What the next commit has to wait for. */
  get busy(): Promise<void> | undefined {
    return this.#methods ?? this.#commit
  }

  /**
   * A method begins when what was begun before is done: two that save a new session side by side would save it
   * under two ids, and of two that renew its id one would find it gone.
   *
   * @param onDone called when no method is at work any more, and perhaps before
   */
  method<T>(begin: () => Promise<T>, onDone: () => void): Promise<T> {
    const work = this.busy?.then(begin) ?? begin()
    const done = work.then(ignore, ignore)
    const all = this.#methods ? Promise.all([this.#methods, done]).then(ignore) : done
    this.#methods = all
    all.then(() => {
      if (this.#methods === all) this.#methods = undefined
      onDone()
    })
    return work
  }

  /** @returns `work`, as it settles when the next commit may begin */
  commit<T>(work: Promise<T>): Promise<T> {
    const done = work.finally(() => {
      this.#commit = undefined
    })
    this.#commit = done.then(ignore, ignore)
    return done
  }
}
