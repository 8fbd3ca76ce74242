import { attempt, type Exceptions, register } from '../suite'
import { basicCases } from './basics'
import { bodyCases } from './bodies'
import {
  BACKEND_CAPABILITIES,
  type BackendCapability,
  type BackendCase,
  type BackendFactory,
  backendContext,
} from './context'
import { deadlineCases } from './deadlines'
import { followCases } from './follow'
import { lifecycleCases } from './lifecycle'
import { listingCases } from './listing'
import { ownerCases } from './owners'
import { raceCases } from './races'

/** All cases of the suite, in the order in which they run. Names are unique. */
export const backendCases: readonly BackendCase[] = [
  ...basicCases,
  ...bodyCases,
  ...deadlineCases,
  ...raceCases,
  ...listingCases,
  ...ownerCases,
  ...followCases,
  ...lifecycleCases,
]

export interface BackendSuiteOptions extends Exceptions {
  /** What this backend has; see `BACKEND_CAPABILITIES`. Cases that need more are not run, which the first test says. */
  readonly capabilities?: readonly BackendCapability[]
}

/**
 * The suite for the inside of a store, `Backend`: registers a `describe` block named `name` with `node:test`.
 *
 *     testBackend('MyBackend', async () => ({ backend: new MyBackend(await emptyDatabase()) }), {
 *       capabilities: ['scan', 'prune', 'close'],
 *     })
 *
 * The factory is called for every case anew and gives a backend over data of its own, empty at first.
 *
 * @throws Error when a capability does not exist, a skip or known failure names no case of the suite, or a known
 *   failure names a case that is not run
 */
export function testBackend(name: string, open: BackendFactory, options: BackendSuiteOptions = {}): void {
  const { capabilities = [], ...exceptions } = options
  register({
    name,
    cases: backendCases,
    words: BACKEND_CAPABILITIES,
    capabilities,
    ...exceptions,
    attempt: (item) => runBackendCase(item, open, capabilities),
  })
}

/** Opens a backend, runs one case on it and closes everything. Rejects with what the case found wrong. */
export async function runBackendCase(
  item: BackendCase,
  open: BackendFactory,
  capabilities: readonly BackendCapability[] = [],
): Promise<void> {
  await attempt(item, async () => backendContext(await open(), new Set(capabilities)))
}
