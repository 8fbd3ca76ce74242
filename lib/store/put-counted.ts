import type { Backend, StoreKey } from '../backend/contract'
import { type Awaitable, whenDone } from '../base/async'
import { parseRecord } from '../record/text'
import type { LoginLimit } from './login-limit'
import type { Owners } from './owners'

/** What `store.set` writes of a session that has an owner. */
export interface Counted {
  readonly owner: string
  readonly key: StoreKey
  readonly body: string
  put(body: string): Awaitable<void>
}

/** Saves a session of an owner who may have only so many: one that was not his before counts, whoever saves it. */
export function putCounted(
  owners: Owners,
  limit: LoginLimit,
  backend: Backend,
  open: (text: string) => string | undefined,
  { owner, key, body, put }: Counted,
): Awaitable<void> {
  return whenDone(backend.read(key), (entry) => {
    const before = entry && parseRecord(open(entry.body) ?? '')
    const mark = before?.cookie['admitted']
    const write = (admitted: unknown) => put(withMark(body, admitted))
    if (before && owners.of(before) === owner) return write(mark)
    return limit.enter({ owner, key, isNew: !entry, write, isWritten: () => true, call: (_, work) => work() })
  })
}

/** @returns the record with the mark of when it became its owner's, which a caller need not have */
function withMark(body: string, admitted: unknown): string {
  const record = parseRecord(body)
  if (!record || admitted === undefined) return body
  record.cookie['admitted'] = admitted
  return JSON.stringify(record)
}
