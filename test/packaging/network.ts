import { mkdirSync, writeFileSync } from 'node:fs'
import { run } from './packed'

/** For `skip`: what installs from the registry runs in CI, and here when asked for. */
export const withoutNetwork: string | false =
  process.env['CI'] || process.env['SOJOURN_SLOW']
    ? false
    : 'installs packages and takes a minute: set SOJOURN_SLOW=1 to run it'

/** Makes a project of these dependencies and installs them; peers that do not fit are an error. */
export function install(folder: string, dependencies: Record<string, string>): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, dependencies }))
  run(folder, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--strict-peer-deps'])
  return folder
}
