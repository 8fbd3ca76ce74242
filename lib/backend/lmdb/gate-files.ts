import { readFileSync, statSync, unlinkSync } from 'node:fs'
import { wallClock } from '../../base/clock'

/** Milliseconds since it was written, also when the clock was set back since; `Infinity`: it is not there. */
export function ageMs(file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats ? Math.abs(wallClock() - stats.mtimeMs) : Infinity
}

/** @returns whether a mark has this text, or cannot be read; not whether it is gone */
export function saysOrHides(mark: string, text: string): boolean {
  try {
    return readFileSync(mark, 'latin1') === text
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** A user can give to the groups he is in. For others the mark is one that cannot be read, which delays and is safe. */
export function giveToGroup(give: () => void): void {
  try {
    give()
  } catch {}
}

export function remove(file: string): void {
  try {
    unlinkSync(file)
  } catch {}
}
