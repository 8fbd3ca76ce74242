import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const ROOT = join(__dirname, '../..')

/** What is published besides the build. */
const FILES = ['package.json', 'README.md', 'HISTORY.md', 'LICENSE']

export interface Packed {
  /** The tarball that `npm publish` would send. */
  readonly tarball: string
  readonly remove: () => void
}

/** Builds and packs apart from `dist/`, which may be old, or in use by another test. */
export function pack(): Packed {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-packed-'))
  for (const file of FILES) if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(folder, file))
  run(ROOT, process.execPath, ['.scripts/build.cjs', join(folder, 'dist')])
  const [{ filename }] = JSON.parse(run(folder, 'npm', ['pack', '--json', '--ignore-scripts']))
  return {
    tarball: join(folder, filename),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** An application's folder with the package in its `node_modules`, without a word to the network. */
export function consumer({ tarball }: Packed, folder: string, name = 'sojourn'): string {
  const installed = join(folder, 'node_modules', name)
  mkdirSync(installed, { recursive: true })
  run(folder, 'tar', ['xzf', tarball, '--strip-components=1', '-C', installed])
  for (const dependency of Object.keys(require(join(installed, 'package.json')).dependencies)) {
    link(folder, dependency)
  }
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  return folder
}

/** Puts a package of ours into the `node_modules` of a consumer. */
export function link(folder: string, dependency: string): void {
  const path = join(folder, 'node_modules', dependency)
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules', dependency), path)
}

export function tsc(): string {
  return join(ROOT, 'node_modules/typescript/bin/tsc')
}

/** @returns what the program printed. @throws Error with what it printed when it failed */
export function run(cwd: string, program: string, args: string[], env: NodeJS.ProcessEnv = {}): string {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env
  try {
    return execFileSync(program, args, {
      cwd,
      env: { ...inherited, ...env },
      encoding: 'utf8',
      stdio: 'pipe',
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${args.join(' ')} in ${cwd} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
