import { cookieEnd } from '../record/expiry'
import { parseRecord } from '../record/text'
import { stageOf } from './migration-stage'
import type { StoredSession } from './options'

/** What a caller sees of a record: its end is where touches have moved it. `null`: it is no session's. */
export function storedSession(body: string, expires: number): StoredSession | null {
  const record = parseRecord(body)
  if (!record || stageOf(record) === 'ended') return null
  const end = cookieEnd(record.cookie['expires'] as string | null)
  if (end !== undefined && Number.isFinite(expires)) {
    record.cookie['expires'] = new Date(Math.max(end, expires)).toISOString()
  }
  return record as unknown as StoredSession
}
