import { attempt, type Exceptions, register } from '../suite'
import { storeBasicCases } from './basics'
import { storeCallbackCases } from './callbacks'
import {
  STORE_CAPABILITIES,
  type StoreCapability,
  type StoreCase,
  StoreContext,
  type StoreFactory,
} from './context'
import { storeDataCases } from './data'
import { storeExpiryCases } from './expiry'
import { storeLifecycleCases } from './lifecycle'
import { storeListingCases } from './listing'

/** All cases of the suite, in the order in which they run. Names are unique. */
export const storeCases: readonly StoreCase[] = [
  ...storeBasicCases,
  ...storeDataCases,
  ...storeExpiryCases,
  ...storeCallbackCases,
  ...storeListingCases,
  ...storeLifecycleCases,
]

export interface StoreSuiteOptions extends Exceptions {
  /** What this store has; see `STORE_CAPABILITIES`. Cases that need more are not run, which the first test says. */
  readonly capabilities?: readonly StoreCapability[]
  /**
   * CommonJS source that makes a store, perhaps uses it once, and does nothing to end: for the case that the process
   * then exits by itself. With it the store has the capability `script`.
   */
  readonly script?: string
}

/**
 * The suite for any store of express-session: registers a `describe` block named `name` with `node:test`. The title
 * of each case begins with its grade: required, recommended or optional.
 *
 *     testStore('MyStore', async () => ({ store: new MyStore(await emptyDatabase()) }), {
 *       capabilities: ['touch', 'fineTime'],
 *       knownFailures: { 'after touch, get shows the new end': 'only the row moves, not the record in it' },
 *     })
 *
 * The factory is called for every case anew and gives a store over data of its own, empty at first.
 *
 * @throws Error when a capability does not exist, a skip or known failure names no case of the suite, or a known
 *   failure names a case that is not run
 */
export function testStore(name: string, open: StoreFactory, options: StoreSuiteOptions = {}): void {
  const { capabilities = [], script, ...exceptions } = options
  const has: readonly StoreCapability[] = script === undefined ? capabilities : [...capabilities, 'script']
  register({
    name,
    cases: storeCases,
    words: STORE_CAPABILITIES,
    capabilities: has,
    ...exceptions,
    title: (item) => `${item.grade}: ${item.name}`,
    attempt: (item) => runStoreCase(item, open, has, script),
  })
}

/** Opens a store, runs one case on it and closes it. Rejects with what the case found wrong. */
export async function runStoreCase(
  item: StoreCase,
  open: StoreFactory,
  capabilities: readonly StoreCapability[] = [],
  script?: string,
): Promise<void> {
  await attempt(item, async () => new StoreContext(await open(), new Set(capabilities), script))
}
