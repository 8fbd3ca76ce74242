import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe } from 'node:test'
import { DIFFERENCES, type Difference } from './differences'

/** One of the two packages, in a folder with the same dependents. */
export interface Side {
  readonly name: 'express-session' | 'sojourn'
  readonly ours: boolean
  readonly folder: string
  /** What an application in this folder gets for a package. */
  load(name: string): any
  readonly session: any
  /** Whether this package is known to do otherwise, for the reason in the table. */
  differs(difference: Difference): boolean
}

function side(name: Side['name'], folder: string): Side {
  const load = createRequire(join(folder, 'app.js'))
  const ours = name === 'sojourn'
  return {
    name,
    ours,
    folder,
    load,
    get session() {
      return load(name)
    },
    differs: (difference) => DIFFERENCES[difference].package === name,
  }
}

function sides(): Side[] {
  const folders = process.env['SOJOURN_DEPENDENTS']
  if (!folders) throw new Error('the dependents are not installed: npm run test:dependents -- word')
  const [theirs, ours] = JSON.parse(folders)
  return [side('express-session', theirs), side('sojourn', ours)]
}

/** The same tests with both packages. */
export function withBoth(title: string, body: (side: Side) => void): void {
  for (const one of sides()) describe(`${title}, ${one.name}`, { timeout: 60_000 }, () => body(one))
}

/** For `skip`: why a package that has to be compiled is not there. @throws in CI, where nothing may be skipped */
export function notCompiled(side: Side, name: string): string | false {
  const reason = join(side.folder, 'node_modules', name, 'not-compiled')
  if (!existsSync(reason)) return false
  const text = `${name} ${readFileSync(reason, 'utf8')}`
  if (process.env['CI']) throw new Error(text)
  return text.split('\n', 1)[0] ?? text
}
