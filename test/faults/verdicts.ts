import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Kit } from '../support/kits'
import { TYPESCRIPT } from '../support/typescript'
import type { Verdict } from './case'

/** Runs all cases on one package, in a process of its own. */
export function verdictsOf(name: Kit['name']): Promise<Verdict[]> {
  const args = ['--no-warnings', ...TYPESCRIPT, join(__dirname, 'case.ts'), name]
  // Some of the faults are requests that are never answered.
  const env = { ...process.env, PATIENCE_MS: '600' }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 240_000, env }, (error, stdout) => {
      if (error) reject(error)
      else resolve(JSON.parse(stdout))
    })
  })
}
