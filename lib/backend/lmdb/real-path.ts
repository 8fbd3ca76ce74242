import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/**
 * The one name of a file, which need not be there yet, without symbolic links. By two names it would have two gates and
 * two lock files, and two processes would write at the same time.
 *
 * @throws Error with `code` ENOENT when its directory is not there, ELOOP when links lead in a circle
 */
export function realPath(path: string): string {
  const named = resolve(path)
  const inReal = join(realpathSync(dirname(named)), basename(named))
  const stats = lstatSync(inReal, { throwIfNoEntry: false })
  if (!stats?.isSymbolicLink()) return inReal
  try {
    return realpathSync(inReal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // A link to a file that is still to be made.
    return realPath(resolve(dirname(inReal), readlinkSync(inReal)))
  }
}
