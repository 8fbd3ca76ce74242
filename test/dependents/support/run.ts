/** `npm run test:dependents [-- word …]`: installs the dependents, packs what we would publish, runs their tests. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack, ROOT } from '../../packaging/packed'
import { installed, withOurs } from './install'

async function main(words: string[]): Promise<number> {
  const theirs = await installed()
  const packed = pack()
  const ours = mkdtempSync(join(tmpdir(), 'sojourn-dependents-ours-'))
  try {
    withOurs(theirs, packed.tarball, ours)
    const args = [join(ROOT, '.scripts/test.cjs'), '--dependents', ...words]
    const env = { ...process.env, SOJOURN_DEPENDENTS: JSON.stringify([theirs, ours]) }
    return spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1
  } finally {
    packed.remove()
    rmSync(ours, { recursive: true, force: true })
  }
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
