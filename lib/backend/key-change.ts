import type { Awaitable } from '../base/async'
import type { Backend, Entry, StoreKey } from './contract'

/** What is to stand under a key afterwards. A deadline that is past means that nothing is to. */
export type Outcome =
  | Entry
  /** What stands there now, with this deadline. */
  | { readonly body?: undefined; readonly expires: number }
  | 'remove'
  /** What stands there now, if anything. */
  | 'keep'

export interface KeyChange<T> {
  readonly to: Outcome
  readonly answer: T
}

/**
 * Says what is to become of a key, from what stands there. Pure, for it is asked again when another writer was
 * quicker; and what it is shown holds only while it runs.
 */
export type Decide<T> = (current: Entry | undefined) => KeyChange<T>

/**
 * What a backend may offer beside the contract: read, decide and write as one atomic step towards all other
 * writers, also of other processes. `replace` does the same for one kind of decision.
 */
export interface ChangingBackend extends Backend {
  change<T>(key: StoreKey, decide: Decide<T>): Awaitable<T>
  /** Runs `work` at once. What is read in it may all be of one moment, no earlier than its beginning. */
  together?(work: () => void): void
}

export function canChange(backend: Backend): backend is ChangingBackend {
  return typeof (backend as Partial<ChangingBackend>).change === 'function'
}
