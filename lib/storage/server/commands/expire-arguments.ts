import { CommandError, integer } from './command'

export type ExpireUnit = 'EX' | 'PX' | 'EXAT' | 'PXAT'

/** Redis keeps deadlines as 64 bit milliseconds; what would not fit there is refused in the same words. */
const MAX_MS = 2 ** 63

/**
 * @param text the number as it was sent
 * @param command its name for the error message
 * @param positive whether zero and less are refused, as `SET` and `GETEX` do, or mean "now", as `EXPIRE` does
 * @returns the absolute deadline in epoch milliseconds
 */
export function deadline(
  unit: ExpireUnit,
  text: string | undefined,
  now: number,
  command: string,
  positive: boolean,
): number {
  const invalid = (): CommandError => new CommandError(`ERR invalid expire time in '${command}' command`)
  const value = integer(text)
  if (positive && value <= 0) throw invalid()
  const ms = unit === 'EX' || unit === 'EXAT' ? value * 1000 : value
  if (Math.abs(ms) >= MAX_MS) throw invalid()
  const at = unit === 'EX' || unit === 'PX' ? now + ms : ms
  if (at >= MAX_MS) throw invalid()
  return at
}

/** @returns the deadline as `TTL` and its like count it: -2 absent, -1 never */
export function remaining(
  expires: number | undefined,
  now: number,
  unitMs: 1 | 1000,
  absolute: boolean,
): number {
  if (expires === undefined) return -2
  if (expires === Infinity) return -1
  if (absolute) return Math.trunc((expires + (unitMs === 1000 ? 500 : 0)) / unitMs)
  const left = Math.max(0, expires - now)
  return unitMs === 1000 ? Math.trunc((left + 500) / 1000) : left
}
