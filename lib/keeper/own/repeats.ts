import { storeError } from '../../base/errors'

/** Another one may write back, at the right moment, what stood there before; not time after time. */
const REPEATS_MAX = 10

/** Finds out a backend that answers what it was asked to replace, again and again: that would never come to an end. */
export class Repeats {
  #last = ''
  #repeats = 0

  /** @throws SessionError ERR_SESSION_STORE */
  met(body: string): void {
    this.#repeats = body === this.#last ? this.#repeats + 1 : 0
    this.#last = body
    if (this.#repeats > REPEATS_MAX)
      throw storeError('set', 'replace answers that another one wrote what it was asked to replace')
  }
}
