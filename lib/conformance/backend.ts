import { basicCases } from './backend-basics'
import { bodyCases } from './backend-bodies'
import {
  BACKEND_CAPABILITIES,
  type BackendCapability,
  type BackendCase,
  type BackendFactory,
  backendContext,
} from './backend-context'
import { deadlineCases } from './backend-deadlines'
import { lifecycleCases } from './backend-lifecycle'
import { listingCases } from './backend-listing'
import { ownerCases } from './backend-owners'
import { raceCases } from './backend-races'
import { attempt, type Exceptions, register } from './suite'

/** All cases of the suite, in the order in which they run. Names are unique. */
export const backendCases: readonly BackendCase[] = [
  ...basicCases,
  ...bodyCases,
  ...deadlineCases,
  ...raceCases,
  ...listingCases,
  ...ownerCases,
  ...lifecycleCases,
]

export interface BackendSuiteOptions extends Exceptions {
  /** What this backend has; see `BACKEND_CAPABILITIES`. Cases that need more are skipped with a printed reason. */
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
 * @throws Error when a skip or known failure names no case of the suite, or a capability does not exist
 */
export function testBackend(name: string, open: BackendFactory, options: BackendSuiteOptions = {}): void {
  const { capabilities = [], ...exceptions } = options
  const unknown = capabilities.find((each) => !Object.hasOwn(BACKEND_CAPABILITIES, each))
  if (unknown !== undefined) throw new Error(`${name}: there is no capability ${JSON.stringify(unknown)}`)
  register({
    name,
    cases: backendCases,
    ...exceptions,
    unmet(item) {
      const missing = item.needs?.find((need) => !capabilities.includes(need))
      return missing === undefined
        ? undefined
        : `without the capability ${missing}: ${BACKEND_CAPABILITIES[missing]}`
    },
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
