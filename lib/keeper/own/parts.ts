import type { OwnStore } from '../../store/protocol'
import type { KeeperContext } from '../contract'
import type { ParsedRecords } from './parsed-records'

/** What the parts of one keeper share. */
export interface KeeperParts {
  readonly store: OwnStore
  readonly context: KeeperContext
  /** None where records are sealed, or where the cookie's configuration differs from request to request. */
  readonly parsed: ParsedRecords | undefined
}
