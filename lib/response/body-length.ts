import { type HookedResponse, headerPairs, splitHead } from './parts'
import { byteLengthOf, type Step } from './steps'

/** Counts the body of a response whose length was declared. */
export class BodyLength {
  #left: number

  private constructor(left: number) {
    this.#left = left
  }

  /**
   * @param first the step with which the headers leave
   * @returns `undefined` when there is nothing to count: no length, or all of it in the first step
   */
  static from(res: HookedResponse, first: Step): BodyLength | undefined {
    const declared = declaredLength(res, first)
    if (declared === undefined) return undefined
    const length = new BodyLength(declared)
    return length.completedBy(first) ? undefined : length
  }

  /** Takes a step into account. @returns whether the client has the whole body with it */
  completedBy(step: Step): boolean {
    if (step.kind === 'write') this.#left -= byteLengthOf(step.args)
    return this.#left <= 0
  }
}

/** The headers of a `writeHead` may not show on the response itself. */
function declaredLength(res: HookedResponse, first: Step): number | undefined {
  let declared: unknown = res.getHeader?.('Content-Length')
  if (first.kind === 'head') {
    for (const [name, value] of headerPairs(splitHead(first.args).headers)) {
      if (name.toLowerCase() === 'content-length') declared = value
    }
  }
  const length = declared === undefined ? NaN : Number(declared)
  return length >= 0 ? length : undefined
}
